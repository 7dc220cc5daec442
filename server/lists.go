package server

import (
	"context"
	"io"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Channels are those that pay the shop, the most claimable first.
func (s *Shop) Channels() []books.View { return books.Channels(s.Ledger, s.aside) }

// Withdrawals are those that payers have announced, the earliest deadline first.
func (s *Shop) Withdrawals() []books.Withdrawal { return books.Withdrawals(s.Ledger, s.aside) }

// WriteStatement is [books.WriteStatement] of the shop.
func (s *Shop) WriteStatement(_ context.Context, want receipts.Filter, w io.Writer) error {
	return books.WriteStatement(s.Ledger, s.Receipts, want, w)
}
