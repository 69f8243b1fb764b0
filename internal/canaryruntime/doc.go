// Package canaryruntime knows the runtime versions of CloudWatch Synthetics:
// their names, families and dates, and what scripts of each may ask for. It is
// data with questions to it; packages that run canaries and that manage them
// meet here.
package canaryruntime
