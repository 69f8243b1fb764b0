// Package sts is the AWS Security Token Service: who is calling, and temporary
// credentials for somebody else.
//
// # Who may
//
// Whether a role may be assumed is decided before the handler runs: Needs asks
// sts:AssumeRole of the role, whose trust policy comes with it as a resource's
// policy does, and
//
//	sts:TagSession         where the session will have tags, inherited ones too
//	sts:SetSourceIdentity  where it will have a source identity, inherited or not
//
// AssumeRoleWithWebIdentity needs no signature: what the token proves is the
// principal for which the same is asked.
//
// Without authorization every caller may assume every role that exists, and the
// root user too, whom everybody is then; all other rules hold.
//
// # Chains
//
// A role session that assumes another role hands its transitive tags and its
// source identity on. Neither can be changed, and the chain's sessions last an
// hour at most.
//
// # What sessions may not
//
// Some operations of STS are closed to some sessions whatever policies say
// (session.Forbids). That is held here, around the handlers.
//
// GetCallerIdentity needs no permission, in AWS as here: the answer tells a
// caller nothing but what belongs to the key it signed with. GetSessionToken
// needs none because a user's session may do what the user may.
//
// There are no MFA devices: calls that give one are refused as not implemented.
package sts
