// Package blueprint holds the canaries that new ones begin with: scripts and
// configurations with places to fill in.
//
// Each directory of templates is one blueprint: blueprint.json tells its title,
// its parameters and, for each family of runtimes, the directory with its files
// and the handler. In the files, a parameter's name in double quotes and double
// braces stands for its value, quotes included:
//
//	const urls = "{{urls}}";   becomes   const urls = ["https://example.com/"];
//
// Values are written as JSON, which JavaScript, Python and JSON itself read
// alike; no value can end the literal that it is in. The console fills in the
// same files by the same rule.
package blueprint
