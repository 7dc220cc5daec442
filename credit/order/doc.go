// Package order is what the payer of a channel wants done with it: to hand out a grant, to
// see its receipts or where it stands, to take back what is left. An action and what it is
// about flow in; what flows out is a text that a wallet shows when it signs, and whether
// the payer has signed it, for the moment alone. Who carries an order out is for others.
package order
