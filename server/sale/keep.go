package sale

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// keep drafts the receipt of a charge for what was sold, has the answer rendered with
// it, and returns both for the store. A charge of nothing has no receipt: it is nil.
func (r *Register) keep(ctx context.Context, c *ledger.Charge, sold receipts.Receipt, render func(*receipts.Signed) ([]byte, error)) (ledger.Kept, error) {
	if c.Charged == 0 {
		answer, err := render(nil)
		return ledger.Kept{Answer: answer}, err
	}
	sold.IssuedAt = uint64(time.Now().Unix())
	draft, err := r.Receipts.Draft(ctx, c, sold)
	if err != nil {
		return ledger.Kept{}, err
	}
	answer, err := render(draft.Signed)
	if err != nil {
		return ledger.Kept{}, err
	}
	r.Receipts.Issue(draft)
	return ledger.Kept{Answer: answer, Puts: []vouchers.Put{draft.Put}}, nil
}

// ErrKept says that an answer that was kept cannot be read.
var ErrKept = errors.New("the answer that was kept for this payment cannot be read")

// joinKept is a paid answer as the ledger keeps it for a replay: what was sold, and what
// its charge added.
func joinKept(sold []byte, added any) ([]byte, error) {
	more, err := encoded(added)
	if err != nil {
		return nil, err
	}
	kept := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(sold)+len(more)), uint64(len(sold)))
	return append(append(kept, sold...), more...), nil
}

// encoded is the JSON of notes, as they write it themselves if they do.
func encoded(added any) ([]byte, error) {
	if own, ok := added.(json.Marshaler); ok {
		return own.MarshalJSON()
	}
	return json.Marshal(added)
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
