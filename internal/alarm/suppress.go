package alarm

import "time"

// Suppressors of a composite alarm's actions, by the API's name.
const (
	ByAlarm     = "Alarm"           // the suppressor alarms
	ByWait      = "WaitPeriod"      // the suppressor may yet alarm
	ByExtension = "ExtensionPeriod" // the composite may yet calm down
)

// Suppression is what holds back a composite alarm's actions; the zero value is
// nothing.
type Suppression struct {
	By    string
	Until time.Time // end of a period
}

// Suppressor is the alarm that may suppress, and for how long besides.
type Suppressor struct {
	State           State // "" when there is no suppressor
	Wait, Extension time.Duration
}

// Next returns what suppresses from now on, and whether the alarm takes the
// actions of its present state. changed tells that it has just changed its state.
//
// A change begins a wait, unless the suppressor alarms already, and ends any
// other period; the suppressor's alarm ends periods too, and its end begins the
// extension. What ends by itself has the alarm act.
func (s Suppression) Next(now time.Time, changed bool, by Suppressor) (next Suppression, act bool) {
	switch {
	case by.State == "":
		return Suppression{}, changed
	case !changed && s.By == "":
		return s, false
	case by.State == Alarm:
		return Suppression{By: ByAlarm}, false
	case changed && by.Wait > 0:
		return Suppression{By: ByWait, Until: now.Add(by.Wait)}, false
	case changed:
		return Suppression{}, true
	case s.By == ByAlarm && by.Extension > 0:
		return Suppression{By: ByExtension, Until: now.Add(by.Extension)}, false
	case s.By != ByAlarm && now.Before(s.Until):
		return s, false
	default:
		return Suppression{}, true
	}
}
