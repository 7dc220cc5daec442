package books

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/archive"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Span is the time of the first and of the last receipt of a shop; zero if there is none.
type Span struct {
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// SpanOf is that of a store.
func SpanOf(store *diskstore.Store) Span {
	first, last := store.Span()
	return Span{first, last}
}

// WriteDay writes the receipts of a day as [archive.Write] does, with who paid.
func WriteDay(ctx context.Context, store *diskstore.Store, of *ledger.Ledger, day time.Time, w io.Writer) error {
	accounts, err := exact.Accounts(store)
	if err != nil {
		return err
	}
	byTransfer := make(map[vouchers.ChannelID]common.Address, len(accounts))
	for _, account := range accounts {
		byTransfer[account.ID] = account.Config.Payer
	}
	_, err = archive.Write(ctx, w, store.History(), day, func(id vouchers.ChannelID) common.Address {
		if ch, known := of.Channel(id); known {
			return ch.Config.Payer
		}
		return byTransfer[id]
	})
	return err
}

// ErrKeepsAll is what it is refused with to drop what nothing says that it may go.
var ErrKeepsAll = errors.New("all receipts are kept: say how old or how large the history may be")

// Prune lets go of what is not to be kept, but never of what is not claimed. The last receipt
// that goes of each channel is kept, with its proof. What was paid by transfers is claimed: no
// receipt is needed to settle one.
func Prune(ctx context.Context, store *diskstore.Store, keep history.Keep, dryRun bool) (history.Pruned, error) {
	if keep == (history.Keep{}) {
		return history.Pruned{}, ErrKeepsAll
	}
	var proofs receipts.Proofs
	return store.Prune(ctx, keep, dryRun, func() (diskstore.Claims, error) { return paidByTransfer(store) }, func(l *vouchers.Line) ([]byte, error) {
		s, err := proofs.FromLine(l)
		if err != nil {
			return nil, err
		}
		_, record, err := s.Record()
		return record, err
	})
}

// Kept finds the last receipt of a channel that is not kept any more, nil if all are.
type Kept func(vouchers.ChannelID) (*receipts.Signed, error)

// KeptIn is that of a store that [Prune] may have pruned.
func KeptIn(store *diskstore.Store) Kept {
	return func(id vouchers.ChannelID) (*receipts.Signed, error) {
		number, record, err := store.KeptHead(id)
		if err != nil || record == nil {
			return nil, err
		}
		return receipts.FromRecord(binary.BigEndian.AppendUint64(id[:], number), record)
	}
}

// Past is what a store has sold that no server has open.
type Past struct {
	store *diskstore.Store
	of    *ledger.Ledger
}

// ReadPast calls use with the past of a store that no server has open.
func ReadPast(ctx context.Context, path string, use func(*Past) error) error {
	return read(ctx, path, func(store *diskstore.Store, of *ledger.Ledger) error { return use(&Past{store, of}) })
}

// Span is [SpanOf].
func (p *Past) Span() Span { return SpanOf(p.store) }

// WriteDay is [WriteDay].
func (p *Past) WriteDay(ctx context.Context, day time.Time, w io.Writer) error {
	return WriteDay(ctx, p.store, p.of, day, w)
}

// Prune is [Prune].
func (p *Past) Prune(ctx context.Context, keep history.Keep, dryRun bool) (history.Pruned, error) {
	return Prune(ctx, p.store, keep, dryRun)
}
