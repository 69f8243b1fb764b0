// Package tour does what the documents say, so that they cannot lie.
//
// The README's five minutes with a canary are run as they stand, word for
// word: bash runs the shell block with the AWS CLI, then python3 the Python
// block with boto3 where that is installed, against the real binary on a free
// port. What they print and leave behind is checked, down to the pixels of the
// screenshot. Where a tool is missing the test says so and is skipped: the
// suite does not depend on pip.
//
// The links of every Markdown file are followed, those to other sites aside.
package tour
