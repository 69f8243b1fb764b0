// Package oracle compares our codecs with an SDK, operation by operation.
//
// Values are made as plain trees along our shapes (maps, lists, scalars). From
// a tree we set our struct or the SDK's, by member name and with reflection,
// and either is turned back into a tree to compare. One call shows four things:
//
//	tree -> SDK input -> wire (theirs) -> router, DecodeRequest -> our input -> tree
//	tree -> our output -> EncodeResponse -> wire (ours) -> SDK output -> tree
//
// and with errors in place of outputs the same for each modelled error. A
// member that one side does not have is drift between the versions of the
// model; it is left out of the comparison and logged.
package oracle
