// Package terms has the words in which a caller is told why it has not paid, and where its
// channel stands.
//
// Errors of the ledger and of the book of grants flow in; out go refusals in the words of
// x402 ([Refusal]) and of credit tokens ([CreditRefusal]), which every way to pay and every
// way to carry share. It promises that a stranger is told nothing of a channel but what is
// on chain, and nothing of what is for the operator alone to know.
package terms
