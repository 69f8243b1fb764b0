package sns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/store"
)

// The states of a subscription.
const (
	pending   = "pending"
	confirmed = "confirmed"
	deleted   = "deleted" // kept a while: it can be restored, and it is counted
)

// The protocols of subscriptions.
const (
	protoHTTP      = "http"
	protoHTTPS     = "https"
	protoEmail     = "email"
	protoEmailJSON = "email-json"
	protoSQS       = "sqs"
	protoLambda    = "lambda"
	protoFirehose  = "firehose"
	protoSMS       = "sms"
	protoApp       = "application"
)

// tokenLife is how long a confirmation token is good, and how long a
// subscription waits for it.
const tokenLife = 48 * time.Hour

// subscription is a row of sns_subscription.
type subscription struct {
	Topic, ID string
	Owner     string
	Region    string
	State     string
	Token     string
	Expires   time.Time
	Doc       subscriptionDoc
}

// subscriptionDoc is what of a subscription is not searched for.
type subscriptionDoc struct {
	Protocol, Endpoint string
	Principal          string            // ARN of who subscribed
	Authenticated      bool              // the confirmation was signed
	Guarded            bool              // only signed calls may unsubscribe
	BaseURL            string            // where links in messages lead: how the subscriber reached us
	Attributes         map[string]string `json:",omitempty"` // those that were set, in their stored form
}

// arn is the subscription's ARN.
func (s *subscription) arn() string { return s.Topic + ":" + s.ID }

// raw reports whether messages are delivered without an envelope.
func (s *subscription) raw() bool { return s.Doc.Attributes[attrRaw] == "true" }

// signed reports whether notifications arrive in an envelope, which is signed.
func (s *subscription) signed() bool { return !s.raw() && s.Doc.Protocol != protoEmail }

// shown is the endpoint as answers show it: without the password of a URL.
func (s *subscription) shown() *string {
	endpoint := s.Doc.Endpoint
	if p := s.Doc.Protocol; p != protoHTTP && p != protoHTTPS {
		return &endpoint
	}
	scheme, rest, _ := strings.Cut(endpoint, "://")
	authority := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return !strings.ContainsRune("/?#", r) }))]
	i := strings.LastIndexByte(authority, '@')
	if user, _, ok := strings.Cut(authority[:max(i, 0)], ":"); ok {
		endpoint = scheme + "://" + user + ":****" + rest[i:]
	}
	return &endpoint
}

// target is a digest of where a subscription delivers to: endpoints are longer
// than what an index takes.
func target(protocol, endpoint string) string {
	sum := sha256.Sum256([]byte(protocol + " " + endpoint))
	return hex.EncodeToString(sum[:])
}

const subscriptionColumns = "topic, id, owner, region, state, token, expires, doc"

// scanSubscription reads subscriptionColumns.
func scanSubscription(row store.Row) (s *subscription, err error) {
	s = &subscription{}
	var expires int64
	var doc []byte
	if err := row.Scan(&s.Topic, &s.ID, &s.Owner, &s.Region, &s.State, &s.Token, &expires, &doc); err != nil {
		return nil, err
	}
	s.Expires = store.FromMicros(expires)
	if err := json.Unmarshal(doc, &s.Doc); err != nil {
		return nil, fmt.Errorf("decode subscription %s: %w", s.arn(), err)
	}
	return s, nil
}

// getSubscription returns a subscription in whatever state, or
// store.ErrNotFound.
func getSubscription(tx *store.Tx, topic, id string) (*subscription, error) {
	return scanSubscription(tx.Row("select "+subscriptionColumns+" from sns_subscription where topic = ? and id = ?", topic, id))
}

// liveSubscription returns a subscription that is not deleted, or the answer
// that there is none.
func liveSubscription(tx *store.Tx, topic, id string) (*subscription, error) {
	s, err := getSubscription(tx, topic, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && s.State == deleted {
		return nil, noSubscription()
	}
	return s, err
}

// subscriptionTo finds the subscription of a topic to an endpoint, or
// store.ErrNotFound.
func subscriptionTo(tx *store.Tx, topic, protocol, endpoint string) (*subscription, error) {
	return scanSubscription(tx.Row("select "+subscriptionColumns+" from sns_subscription where topic = ? and target = ? and state <> ?",
		topic, target(protocol, endpoint), deleted))
}

// subscriptionByToken finds what a token confirms, or store.ErrNotFound.
func subscriptionByToken(tx *store.Tx, topic, token string) (*subscription, error) {
	if token == "" {
		return nil, store.ErrNotFound
	}
	return scanSubscription(tx.Row("select "+subscriptionColumns+" from sns_subscription where topic = ? and token = ? and token <> ''",
		topic, token))
}

// receivers are the confirmed subscriptions of a topic.
func receivers(tx *store.Tx, topic string) ([]*subscription, error) {
	return store.All(store.Query(tx, scanSubscription,
		"select "+subscriptionColumns+" from sns_subscription where topic = ? and state = ? order by id", topic, confirmed))
}

// put writes a subscription, new or not.
func (s *subscription) put(tx *store.Tx) error {
	_, err := tx.Exec(`insert into sns_subscription (`+subscriptionColumns+`, target) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (topic, id) do update set state = excluded.state, token = excluded.token, expires = excluded.expires, doc = excluded.doc`,
		s.Topic, s.ID, s.Owner, s.Region, s.State, s.Token, store.Micros(s.Expires), compact(s.Doc), target(s.Doc.Protocol, s.Doc.Endpoint))
	if err != nil {
		return fmt.Errorf("put subscription %s: %w", s.arn(), err)
	}
	return nil
}

func (s *subscription) remove(tx *store.Tx) error {
	if _, err := tx.Exec("delete from sns_throttle where topic = ? and subscription = ?", s.Topic, s.ID); err != nil {
		return err
	}
	_, err := tx.Exec("delete from sns_subscription where topic = ? and id = ?", s.Topic, s.ID)
	return err
}

// countSubscriptions counts a topic's subscriptions by state.
func countSubscriptions(tx *store.Tx, topic string) (map[string]int, error) {
	counts := map[string]int{}
	type count struct {
		state string
		n     int
	}
	scan := func(r store.Row) (c count, err error) {
		err = r.Scan(&c.state, &c.n)
		return c, err
	}
	for c, err := range store.Query(tx, scan, "select state, count(*) from sns_subscription where topic = ? group by state", topic) {
		if err != nil {
			return nil, err
		}
		counts[c.state] = c.n
	}
	return counts, nil
}

// gone reports whether getSubscription found nothing that still wants messages.
func gone(s *subscription, err error) bool {
	return errors.Is(err, store.ErrNotFound) || err == nil && s.State == deleted
}

// deadLetterQueue is where messages go that cannot be delivered.
func (s *subscription) deadLetterQueue() (arn.ARN, bool) {
	var p struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	if text := s.Doc.Attributes[attrRedrive]; text == "" || json.Unmarshal([]byte(text), &p) != nil {
		return arn.ARN{}, false
	}
	a, err := arn.Parse(p.DeadLetterTargetArn)
	return a, err == nil
}
