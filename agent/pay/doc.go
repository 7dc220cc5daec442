// Package pay buys, whatever is bought and over whatever it is asked for.
//
// What is wanted comes in ([Want]): how to ask for it, with a payment and without. A [Payer]
// learns the terms, has the price held by the budget and the next ceiling by the channel's
// account, signs, asks, and holds the answer against both ([Payer.Buy]). It moves money into
// channels and out of them by the same way, takes over what a server proves after a loss, and
// keeps the receipts that follow one another. Nothing is signed while the book cannot be written.
package pay
