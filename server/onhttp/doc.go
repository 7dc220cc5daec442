// Package onhttp carries a sale as an HTTP request, by the transport of x402.
//
// Requests flow in, with a payment or a token in their headers; out flows what a handler of the
// seller's own has answered, held back until its charge is durable, or 402 with the terms. It
// knows no means. It promises that of what the handler answers nothing leaves that belongs to
// the protocols of payment, and that a failure is passed on as it is, and not charged.
package onhttp
