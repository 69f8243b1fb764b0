package app

import "nephele.dev/nephele/internal/session"

// Sessions issues the server's temporary credentials, so that tests can have
// some that have expired.
func (a *App) Sessions() *session.Issuer { return a.sessions }
