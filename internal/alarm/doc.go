// Package alarm holds the rules of CloudWatch alarms: when datapoints make an
// alarm, what is said about it, and what a composite alarm's expression means.
// It is pure: no clock, no storage, no API types.
//
// # Metric alarms
//
// A Rule is M out of N: the state is ALARM when at least M of N datapoints
// breach the threshold. An evaluation looks at more than N periods (Rule.Range),
// so that data which is late or sparse does not move the state:
//
//		oldest ◄──────────── evaluation range ────────────► newest
//		  [extra] [extra] [ N - 1 ]  ...  [ 1 ] [ 0 ] | now
//
//	  - When the range holds N or more real datapoints, the newest N of them
//	    decide, and how missing data is treated does not matter.
//	  - With fewer, all of them count, and as many missing ones as it takes to
//	    make N are filled in: breaching, or not breaching. With the treatments
//	    "missing" and "ignore" they are neither.
//	  - Nothing at all: "missing" gives INSUFFICIENT_DATA, "ignore" keeps the state.
//	  - Too few to be M, but all that there are breach, and the oldest of them is
//	    at least M periods old: "missing" alarms all the same (the user guide calls
//	    this avoiding premature transitions: what is younger waits for the next
//	    datapoint), "ignore" keeps the state.
//
// The user guide has two tables of examples; they are a test here. It gives the
// range of a 3 out of 3 alarm as 5, and says of others that the range depends on
// the period; two more than N is used for all.
//
// # Composite alarms
//
// An Expression combines the states of other alarms:
//
//	expression := term { OR term }
//	term       := factor { AND factor }
//	factor     := NOT factor | ( expression ) | TRUE | FALSE
//	            | ALARM(name) | OK(name) | INSUFFICIENT_DATA(name)
//	            | AT_LEAST(n or n%, [NOT] state, (name, ...))
//
// Names may be ARNs, and stand in quotation marks where they hold spaces or
// parentheses.
package alarm
