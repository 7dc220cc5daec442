// Package tools has the shop's own tools over MCP: by them payers move money, hand out budgets
// and look at them, fetch receipts again, and learn where their channels stand.
//
// Calls with a payment, an order or a token flow in, out flow what the sellers of vouchers and
// tokens, the ledger and the book of receipts say to them. They cost nothing, or take their
// payment themselves.
package tools
