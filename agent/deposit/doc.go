// Package deposit signs a payer's deposits, and remembers those that may yet come in.
//
// An amount and a channel come in; a deposit that the policy, the server and the wallet allow
// goes out, signed and written down before anybody has it ([Desk.Authorize]). Its money moves
// once at most: until the chain shows it, or it has run out, the same one is sent again and no
// other is signed for its channel ([Desk.Awaited]). All that may yet come in counts against the
// policy.
package deposit
