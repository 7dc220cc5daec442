// Package receipts says on paper what a channel was charged for.
//
// For every charge the seller signs a [Receipt] (EIP-712): which call, what it cost,
// and what the channel was charged in all with it. The receipts of a channel are
// numbered without gaps and each names the digest of the one before, so that none can
// be left out, added or changed afterwards without it showing: a seller that signs two
// different receipts of one number has convicted itself.
//
// A seller has them in the history of its store, where a [Book] numbers them; each becomes
// durable with its charge, and one signature does for all that become durable together
// ([Proofs]): a receipt has that and its [Proof], and is checked alone. It travels as one word
// ([Signed.Wire]). A payer keeps those that it was given. Either side exports them as a [Statement], which
// [Verify] checks with nothing but the file: that the signatures are those of the
// receiver's authorizer, which the channel's id vouches for, that the receipts add up,
// and that no more was claimed on chain than they prove.
package receipts
