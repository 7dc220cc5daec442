package books

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// WriteStatement writes the receipts that want keeps, with their channels, as JSON lines
// (see [receipts.Statement]). One that is to be verified needs all receipts of its channels that
// are kept.
func WriteStatement(ctx context.Context, of iter.Seq[ledger.Channel], book *receipts.Book, kept Kept, want receipts.Filter, w io.Writer) error {
	var channels []ledger.Channel
	for ch := range of {
		if want.Channel == (vouchers.ChannelID{}) && ch.Charged > 0 || want.Channel == ch.ID {
			channels = append(channels, ch)
		}
	}
	if want.Channel != (vouchers.ChannelID{}) && len(channels) == 0 {
		return fmt.Errorf("%w: %s", ledger.ErrChannelNotFound, want.Channel)
	}
	slices.SortFunc(channels, func(a, b ledger.Channel) int { return slices.Compare(a.ID[:], b.ID[:]) })
	statement := receipts.NewStatement(w)
	for _, ch := range channels {
		// What was claimed is read before the receipts: a claim is never ahead of them.
		claimed := receipts.Claimed{Channel: ch.ID, Claimed: ch.Claimed, Block: ch.Block}
		if err := statement.Account(receipts.AccountOf(ch.Deployment, ch.ID, ch.Config)); err != nil {
			return err
		}
		if head, err := kept(ch.ID); err != nil {
			return err
		} else if head != nil && want.Since.IsZero() {
			if err := statement.Kept(head); err != nil {
				return err
			}
		}
		err := book.Walk(ctx, ch.ID, 0, func(r *receipts.Signed) error {
			if !want.Keeps(r) {
				return nil
			}
			return statement.Receipt(r)
		})
		if err != nil {
			return fmt.Errorf("the receipts of channel %s: %w", ch.ID, err)
		}
		if err := statement.Claimed(claimed); err != nil {
			return err
		}
	}
	return nil
}
