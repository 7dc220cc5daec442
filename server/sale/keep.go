package sale

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// charged is what an answer is told of its charge.
type charged[A any] struct {
	amount vouchers.Amount
	notes  Added[A]
	// draft is the receipt, which is signed once the charge is durable; nil if there is none.
	draft *receipts.Draft
}

// keep drafts the receipt of a charge, and returns what becomes durable with it: the receipt and,
// where the answer is kept, what was sold with its notes. A charge of nothing has no receipt. Other
// charges of the channel wait meanwhile.
func (s *sale[A]) keep(ctx context.Context, h Held, c *ledger.Charge, sold []byte) (kept ledger.Kept, of charged[A], err error) {
	var receipt *receipts.Receipt
	of.amount = c.Charged
	if c.Charged > 0 {
		if of.draft, err = s.draft(h, c); err != nil {
			return kept, of, err
		}
		receipt, kept.Entry = &of.draft.Receipt, of.draft.Entry
	}
	told, err := h.Tell(ctx, c.Charged, c.State, receipt)
	if err != nil {
		return kept, of, err
	}
	if of.draft == nil {
		told.Free = s.bill.free
	}
	if of.notes, err = s.on.Note(told); err != nil {
		return kept, of, err
	}
	if h.Keeps() {
		if kept.Answer, err = joinKept(sold, of.notes, of.draft); err != nil {
			return kept, of, err
		}
	}
	if of.draft != nil {
		s.Receipts.Issue(of.draft)
	}
	return kept, of, nil
}

// draft is the receipt of a charge.
func (s *sale[A]) draft(h Held, c *ledger.Charge) (*receipts.Draft, error) {
	r := h.Receipt()
	r.Resource, r.Request, r.IssuedAt = s.on.Resource(), s.on.Request(), uint64(time.Now().Unix())
	return s.Receipts.Draft(c, r)
}

// into tells an answer of its charge, which is durable.
func (of *charged[A]) into(on Carrier[A], answer A) error {
	of.notes.Into(answer)
	if of.draft == nil {
		return nil
	}
	receipt, err := of.draft.Signed()
	if err != nil {
		return err
	}
	return on.NoteReceipt(answer, receipt)
}

// ErrKept says that an answer that was kept cannot be read.
var ErrKept = errors.New("the answer that was kept for this payment cannot be read")

// numbered begins what is kept of an answer that has a receipt: its channel and the number follow.
// One without begins with the length of what was sold, which is not 0, as did every one while
// answers were kept with their receipts among the notes.
const numbered = 0

// joinKept is a paid answer as the ledger keeps it for a replay: which receipt it has, nil if it
// has none, what was sold, and what its charge added.
func joinKept(sold []byte, added any, receipt *receipts.Draft) ([]byte, error) {
	more, err := encoded(added)
	if err != nil {
		return nil, err
	}
	kept := make([]byte, 0, 1+len(vouchers.ChannelID{})+2*binary.MaxVarintLen64+len(sold)+len(more))
	if receipt != nil {
		kept = append(append(kept, numbered), receipt.Channel[:]...)
		kept = binary.AppendUvarint(kept, receipt.Sequence)
	}
	kept = binary.AppendUvarint(kept, uint64(len(sold)))
	return append(append(kept, sold...), more...), nil
}

// unnoted is what was sold as [SplitKept] takes it apart, before anything was added.
func unnoted(sold []byte) []byte {
	kept := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(sold)+len("{}")), uint64(len(sold)))
	return append(append(kept, sold...), "{}"...)
}

// encoded is the JSON of notes, as they write it themselves if they do.
func encoded(added any) ([]byte, error) {
	if own, ok := added.(json.Marshaler); ok {
		return own.MarshalJSON()
	}
	return json.Marshal(added)
}

// receiptOf finds the receipt of a kept answer, nil if it has none or it is among its notes, and
// what [SplitKept] takes apart.
func (s *sale[A]) receiptOf(ctx context.Context, kept []byte) (r *receipts.Signed, rest []byte, err error) {
	named, isNumbered := bytes.CutPrefix(kept, []byte{numbered})
	if !isNumbered {
		return nil, kept, nil
	}
	const id = len(vouchers.ChannelID{})
	if len(named) < id {
		return nil, nil, ErrKept
	}
	number, n := binary.Uvarint(named[id:])
	if n <= 0 || number == 0 {
		return nil, nil, ErrKept
	}
	if r, err = s.Receipts.Get(ctx, vouchers.ChannelID(named), number); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrKept, err)
	}
	return r, named[id+n:], nil
}

// SplitKept takes it apart: added is decoded, and what was sold returned.
func SplitKept(kept []byte, added any) (sold []byte, err error) {
	length, n := binary.Uvarint(kept)
	if n <= 0 || length > uint64(len(kept)-n) {
		return nil, ErrKept
	}
	sold, more := kept[n:n+int(length)], kept[n+int(length):]
	return sold, json.Unmarshal(more, added)
}
