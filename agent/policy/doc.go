// Package policy says what a payer may spend without asking.
//
// A payment that is proposed comes in, and nil goes out or an [Error] that names the rule
// which forbids it, and what it leaves. A [Policy] has the owner's limits; where it says
// nothing of what one call may cost, [Prices] hold it against what the server announces and
// what was paid before. Nothing is counted here: which limits depend on what was spent,
// [Policy.Counts] says.
package policy
