package sns

import (
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/store"
)

// sender is whom mails are from.
const sender = "no-reply@sns.amazonaws.com"

// toMailbox writes a message into the outbox.
func (s *Service) toMailbox(tx *store.Tx, m *message, sub *subscription) error {
	letter := outbox.Mail{From: displayName(tx, s, sub) + " <" + sender + ">", To: sub.Doc.Endpoint, Subject: m.Subject}
	if letter.Subject == "" {
		letter.Subject = "AWS Notification Message"
	}
	if m.Type == typeSubscribe {
		letter.Subject = "AWS Notification - Subscription Confirmation"
	}
	switch {
	case sub.Doc.Protocol == protoEmailJSON:
		text, err := s.envelope(m, sub)
		if err != nil {
			return err
		}
		letter.Body = text + "\n"
	case m.Type == typeSubscribe:
		letter.Body = "You have chosen to subscribe to the topic:\n" + sub.Topic + "\n\n" +
			"To confirm this subscription, visit the link below (if this was in error, no action is necessary):\n" +
			confirmURL(sub, m.Token) + "\n\n" +
			"Please do not reply directly to this email.\n"
	default:
		letter.Body = m.text(protoEmail) + "\n\n--\n" +
			"If you wish to stop receiving notifications from this topic, please visit the link below to unsubscribe:\n" +
			unsubscribeURL(sub) + "\n\n" +
			"Please do not reply directly to this email.\n"
	}
	return s.Outbox.Put(tx, letter)
}

// displayName is whom mails of a topic are from, for people.
func displayName(tx *store.Tx, s *Service, sub *subscription) string {
	const fallback = "AWS Notifications"
	a, err := arn.Parse(sub.Topic)
	if err != nil {
		return fallback
	}
	t, err := s.topic(tx, store.Key{Account: a.Account, Region: a.Region, ID: a.Resource})
	if err != nil || t.Doc.Attributes[attrDisplayName] == "" {
		return fallback
	}
	return t.Doc.Attributes[attrDisplayName]
}
