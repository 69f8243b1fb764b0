package synthetics

import "time"

func (s *Service) began(*mission) {}

func (s *Service) passedOver(r ref, due time.Time) {
	s.Logger.Warn("canary is still running, tick passed over", "canary", r.Name, "due", due)
}

// native reports whether the server makes the checks itself.
func (c *config) native() bool { return false }
