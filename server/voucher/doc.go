// Package voucher is the way to pay with a voucher of a payment channel, by the scheme
// batch-settlement of x402.
//
// Payments flow in, decoded and no more. The [Seller] holds them against the terms of its
// tills, takes the deposits that come with some of them, sets prices aside in the ledger, and
// gives back what is left of a channel where its payer asks. It promises that what anybody can
// make up, or read on chain, makes the shop ask no chain, spend no gas and tell nothing beyond
// a named limit; that a deposit is submitted and a refund given once, however often they are
// asked for; and that a channel whose refund is on its way sells nothing until the ledger knows.
package voucher
