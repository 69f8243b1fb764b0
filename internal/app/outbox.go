package app

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/store"
)

// OutboxPath is where the outbox is read: a listing, and below it each mail by
// its number. With authentication a request must be signed (SignAdmin): mails
// hold links that prove an identity.
const OutboxPath = door.AdminPrefix + "outbox"

// maxListed is the most mails that one request lists.
const maxListed = 1000

// Outbox is what a listing answers.
type Outbox struct {
	Mails []outbox.Mail `json:"mails"` // without bodies, oldest first
}

// listOutbox answers with the last mails, or with those after a number.
func (a *App) listOutbox(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(orElse(q.Get("limit"), "100"))
	if err != nil || limit < 1 || limit > maxListed {
		adminAnswer(w, http.StatusBadRequest, map[string]string{"error": "limit must be a number from 1 to 1000"})
		return
	}
	after, err := strconv.ParseInt(orElse(q.Get("after"), "-1"), 10, 64)
	if err != nil {
		adminAnswer(w, http.StatusBadRequest, map[string]string{"error": "after must be the number of a mail"})
		return
	}
	out := Outbox{}
	err = a.db.View(r.Context(), func(tx *store.Tx) (err error) {
		if after < 0 {
			out.Mails, err = a.outbox.Last(tx, limit)
		} else {
			out.Mails, err = a.outbox.List(tx, after, limit)
		}
		return err
	})
	if err != nil {
		a.adminFault(w, err)
		return
	}
	if out.Mails == nil {
		out.Mails = []outbox.Mail{}
	}
	adminAnswer(w, http.StatusOK, out)
}

// showMail answers with one mail.
func (a *App) showMail(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		adminAnswer(w, http.StatusNotFound, map[string]string{"error": outbox.ErrNotFound.Error()})
		return
	}
	var m outbox.Mail
	err = a.db.View(r.Context(), func(tx *store.Tx) (err error) {
		m, err = a.outbox.Get(tx, id)
		return err
	})
	switch {
	case errors.Is(err, outbox.ErrNotFound):
		adminAnswer(w, http.StatusNotFound, map[string]string{"error": err.Error()})
	case err != nil:
		a.adminFault(w, err)
	default:
		adminAnswer(w, http.StatusOK, m)
	}
}

func (a *App) adminFault(w http.ResponseWriter, err error) {
	a.log.Error("administration failed", "error", err)
	adminAnswer(w, http.StatusInternalServerError, map[string]string{"error": "see the server's log"})
}

func adminAnswer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the peer is told or gone
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
