package iam

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// report is the credential report of an account.
type report struct {
	At   time.Time
	Text []byte // CSV
}

var reports = store.NewCollection[report]("iam.report") // one an account

const reportID = "report"

// reportLife is how long a report counts. Until then no other is made.
const reportLife = 4 * time.Hour

// The words of a report.
const (
	none      = "N/A"
	unknown   = "not_supported"
	noRecord  = "no_information"
	rootEntry = "<root_account>"
)

// reportColumns are those of a report (IAM User Guide, "Generating credential
// reports").
var reportColumns = []string{
	"user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed",
	"password_next_rotation", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region",
	"access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date", "access_key_2_last_used_region",
	"access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
}

// GenerateCredentialReport makes a report on all users and their credentials,
// unless there is one that still counts. It is ready when the call is answered.
func (s *Service) GenerateCredentialReport(ctx context.Context, _ *api.GenerateCredentialReportInput) (
	*api.GenerateCredentialReportOutput, error,
) {
	out := &api.GenerateCredentialReportOutput{State: new(api.ReportStateTypeComplete)}
	root, err := s.rootUser(ctx)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		k := store.Key{Account: plane.FromContext(ctx).Caller.Account, ID: reportID}
		old, err := reports.Get(tx, k)
		if err == nil && now.Sub(old.Doc.At) < reportLife {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		text, err := s.report(tx, k.Account, root.User)
		if err != nil {
			return fmt.Errorf("make credential report: %w", err)
		}
		out.State, out.Description = new(api.ReportStateTypeStarted), new("No report exists. Starting a new report generation task")
		doc := report{At: now.Truncate(time.Second), Text: text}
		if old.Version == 0 {
			_, err = reports.Create(tx, k, doc)
			return err
		}
		old.Doc = doc
		return reports.Put(tx, &old)
	})
	return out, err
}

// report writes the report of an account.
func (s *Service) report(tx *store.Tx, account string, root *api.User) ([]byte, error) {
	users, err := identity.Users.List(tx, account, "", store.ListOptions{})
	if err != nil {
		return nil, err
	}
	settings, err := accountOf(tx, account)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{reportColumns, rootRow(root)}
	for i := range users {
		row, err := s.reportRow(tx, &users[i], settings.Doc.Passwords)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	err = w.WriteAll(rows)
	return b.Bytes(), err
}

// rootRow is that of the root user, whose one access key is in the server's
// configuration.
func rootRow(root *api.User) []string {
	row := []string{rootEntry, root.Arn, stamp(root.CreateDate), unknown, noRecord, unknown, unknown, "false"}
	row = append(row, "true", none, none, none, none)
	return append(row, "false", none, none, none, none, "false", none, "false", none)
}

func (s *Service) reportRow(tx *store.Tx, r *store.Record[identity.User], rules *passwordPolicy) ([]string, error) {
	u := &r.Doc
	row := []string{u.Name, u.ARN(), stamp(u.Created)}
	l, err := logins.Get(tx, r.Key)
	switch {
	case err == nil:
		next := none
		if rules != nil && rules.MaxAge > 0 {
			next = stamp(l.Doc.Changed.AddDate(0, 0, rules.MaxAge))
		}
		row = append(row, "true", noRecord, stamp(l.Doc.Changed), next)
	case errors.Is(err, store.ErrNotFound):
		row = append(row, "false", none, none, none)
	default:
		return nil, err
	}
	row = append(row, "false")
	for i := range maxKeysOfUser {
		if i >= len(u.Keys) {
			row = append(row, "false", none, none, none, none)
			continue
		}
		cells, err := s.keyCells(tx, u.Account, u.Keys[i])
		if err != nil {
			return nil, err
		}
		row = append(row, cells...)
	}
	return append(row, "false", none, "false", none), nil
}

func (s *Service) keyCells(tx *store.Tx, account, id string) ([]string, error) {
	k, err := identity.AccessKeys.Get(tx, store.Key{Account: account, ID: id})
	if err != nil {
		return nil, err
	}
	cells := []string{strconv.FormatBool(k.Doc.Active), stamp(k.Doc.Created)}
	use, ok, err := s.Directory.LastUsed(tx, id)
	if !ok {
		return append(cells, none, none, none), err
	}
	return append(cells, stamp(use.At), use.Region, use.Service), err
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// GetCredentialReport returns the last report, while it counts.
func (s *Service) GetCredentialReport(ctx context.Context, _ *api.GetCredentialReportInput) (*api.GetCredentialReportOutput, error) {
	var r store.Record[report]
	err := s.view(ctx, func(tx *store.Tx, account string) (err error) {
		r, err = reports.Get(tx, store.Key{Account: account, ID: reportID})
		if errors.Is(err, store.ErrNotFound) {
			return api.NewCredentialReportNotPresentException("Credential report not present. Generate one first.")
		}
		if err == nil && tx.Now().Sub(r.Doc.At) >= reportLife {
			return api.NewCredentialReportExpiredException("The most recent credential report has expired. Generate another one.")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.GetCredentialReportOutput{
		Content: r.Doc.Text, GeneratedTime: &r.Doc.At, ReportFormat: new(api.ReportFormatTypeTextCsv),
	}, nil
}
