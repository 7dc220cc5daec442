package tools

import (
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Tools are those that a shop adds to the MCP servers that it sells.
type Tools struct {
	// Paywall has what the tools answer with, Vouchers and Tokens do what is asked for with money,
	// Ledger and Receipts are what payers are told.
	Paywall  *onmcp.Paywall
	Vouchers *voucher.Seller
	Tokens   *token.Seller
	Ledger   *ledger.Ledger
	Receipts *receipts.Book
}
