// Package short is the short form of a payment by voucher and of its answer, between a payer
// and a seller who know each other's channel.
//
// x402 says the terms, the channel's config and the state of the channel again with every call,
// 2 KB each way. Where the terms announce it (short: 1 in an entry's extra) a [Payment] is one
// text instead, in [MetaPay] or [HeaderPay], and so is what it is answered with, a [Paid] in
// [MetaPaid] or [HeaderPaid]. What it cannot say, such as a deposit, is said by x402. A text
// comes in of anybody, bounded and in one spelling; out comes what was said, or an error in the
// words of x402. It knows no ledger: whether a payment is good is up to the seller.
package short
