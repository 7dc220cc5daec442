// Package access says who may ask a facilitator, and for how much.
//
// A [Key] is a secret that one caller sends as `Authorization: Bearer KEY`; its operator keeps the
// SHA-256 of it alone. Requests flow in, and callers flow out within the limits of their keys: calls
// in a minute and in a day of UTC, and gas in a day on each chain, in gas units. Gas is set aside at
// its most before a payment is settled, and corrected by what it has used.
//
// The sums of the day are in the store. A process that is killed takes up the calls at the next
// step that was written, never below what it has admitted, and the gas at what was used. No secret
// is in a log, an error or the store.
package access
