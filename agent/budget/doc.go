// Package budget counts what a payer spends, and holds it against the policy.
//
// The price of a call comes in and is held in a [Table] that all processes with the same book
// share, unless a limit forbids it ([Expense], and [TokenHold] for a call on a credit token);
// what the call came to cost is booked when it is known. What no price covers comes from the
// channel's account, by a [Tally]. The rows never come to less than what servers can take. What
// is written later is noted first ([Change.Note]), so that a process that is killed forgets
// nothing of it ([Rows.Replay]).
package budget
