// Package keyid makes and reads the ids that IAM and STS hand out: access key
// ids (AKIA..., ASIA...) and unique ids of principals (AIDA..., AROA...).
//
// An id tells its account, as those of AWS do: after the prefix of four letters
// come 80 bits in base32, of which
//
//	bit 79      is set: the id carries an account
//	bits 78-39  are the account, as a number
//	bits 38-0   are random
//
// and a unique id has one more random letter. So whoever holds an id can tell
// which account answers for it (STS GetAccessKeyInfo) without asking anybody;
// it proves nothing. Prefixes are those of the IAM User Guide, "IAM identifiers".
package keyid
