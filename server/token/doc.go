// Package token is the way to pay with a credit token, and sells the budgets behind tokens.
//
// The text of a token flows in, with what it is to pay for; money is set aside of its grant, or
// out comes a refusal that says what would help: another tool, more budget, its owner. Grants
// and top-ups are sold for vouchers, by an order that the voucher's key has signed. It promises
// that the same order grants once, and that only who has signed for a channel, or holds the
// token, looks at a grant or ends it.
package token
