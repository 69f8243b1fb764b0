// Package multicheck executes the multi-checks blueprint of CloudWatch
// Synthetics: up to ten HTTP, DNS, SSL and TCP checks that a JSON file
// describes. There is no script in it and hence no process: Run makes the
// requests itself.
//
//	Parse    reads blueprint-config.json and holds it to the published schema;
//	         every error says where, as in steps.2.assertions[0].operator
//	Run      executes the steps in the order of their numbers, one at a time,
//	         and tells what each found
//
// The file is a stranger's and so is every server it names. What a run may
// take is bounded whatever either does: the constants in limits.go. Where it
// may go is up to Deps.Dialer, which is the sandbox's egress policy in the
// server: names are resolved first and each literal address is judged.
//
// # References
//
// Texts may refer to variables as ${name}, to what an earlier step extracted in
// the same way, and to secrets as ${AWS_SECRET:name} or
// ${AWS_SECRET:name:key}. References are parsed with the file, so one that
// nothing can satisfy is an error of the file. They are resolved when the step
// that has them begins; a secret is fetched once in a run, if a step needs it.
//
// Every secret that a run has seen, and what was made of it (Basic
// credentials, OAuth tokens, signatures), is replaced by REDACTED in all that
// a Result holds. This covers what servers echo.
//
// # Sources
//
// The user guide's pages "Writing a JSON configuration for Node.js multi Checks
// blueprint" and "Creating multi checks blueprint canary", and the JSON schema
// that the second one refers to. They leave open how several records, paths
// without a value and absent assertions are judged; the functions that decide
// it say what was chosen, and docs/multi-checks.md lists it for users.
package multicheck
