// Package books is what an operator reads of a shop: its channels with what can be claimed of
// each, the withdrawals that payers have announced, what was sent and is not confirmed, and
// the statement of its receipts. In go a ledger and what stands beside it, of a shop that is
// open or of a store that none has open; out go views that no later charge changes. Nothing
// is written.
package books
