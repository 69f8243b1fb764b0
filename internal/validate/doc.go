// Package validate checks an input against the constraints of its shape and
// says what is wrong in AWS's own words.
//
// All violations of a request go into one error, as AWS's service framework
// reports them:
//
//	2 validation errors detected: Value 'a b' at 'name' failed to satisfy
//	constraint: Member must satisfy regular expression pattern: ^[a-z]+$; Value
//	null at 'code.handler' failed to satisfy constraint: Member must not be null
//
// The rules of that text, observed on AWS's answers:
//
//   - A path names members with their first letter in lower case; an element
//     of a list is "names.1.member" (counted from 1) and a value of a map
//     "tags.env.member", so "tags.2.member.key" is the key of the second tag.
//   - What is wrong with one value comes as one violation for each constraint:
//     pattern, length, enumeration, range. What is wrong with scalar elements
//     of a list or with keys and values of a map comes once, at the list or
//     map, with all constraints of the element, broken or not: "Member must
//     satisfy constraint: [Member must have length less than or equal to 64,
//     ...]", "Map keys must satisfy constraint: [...]" and "Map value must
//     satisfy constraint: [...]".
//   - Values are written as Java writes them: [a, b] for lists, {k=v} for maps.
//     Sensitive values are left out: "Value at 'password' failed ...".
//   - A pattern must match the whole value. Lengths count Unicode characters,
//     and bytes of blobs.
//
// The code of the error differs between services (see rules.go), and a few
// services validate by themselves with errors of their own.
package validate
