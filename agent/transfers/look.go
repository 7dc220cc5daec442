package transfers

import (
	"context"
	"errors"
	"time"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// Kept is for how long a transfer that nobody can say the outcome of stays in doubt. Then all of
// it counts as spent, so that the book does not grow.
const Kept = 31 * 24 * time.Hour

const (
	lookTime  = 10 * time.Second // how long the endpoints may take to say what became of all
	lookPause = time.Minute      // between two looks at what the chain does not hold for final yet
)

// errUnknown says that an endpoint does not know yet what became of a transfer.
var errUnknown = errors.New("not known yet")

// soon makes the next look no later than at a moment.
func (k *Desk) soon(at time.Time) {
	for {
		next := k.next.Load()
		if next != 0 && next <= at.Unix() || k.next.CompareAndSwap(next, at.Unix()) {
			return
		}
	}
}

// LookSoon is [Desk.Look] where there may be something to see.
func (k *Desk) LookSoon(ctx context.Context) error {
	if next := k.next.Load(); next == 0 || time.Now().Unix() < next {
		return nil
	}
	return k.Look(ctx)
}

// Look asks the chain what became of the transfers whose time is over. What was not made by then
// never is: it counts no more. What was made is spent, and so is what the chain does not tell of
// within [Kept]. Errors are the table's; what is not known stays in doubt.
func (k *Desk) Look(ctx context.Context) error {
	all, err := k.Purse.Doubts(ctx)
	k.next.Store(0)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	now := k.chainTime(asking)
	for _, d := range all {
		if d.Over().After(now) {
			k.soon(d.Over())
			continue
		}
		moved, known := k.moved(asking, &d)
		if !known && k.Now().Sub(d.Signed) < Kept {
			k.soon(time.Now().Add(lookPause))
			continue
		}
		if _, err := k.Purse.Resolve(ctx, d.Key(), moved); err != nil {
			return err
		}
	}
	return nil
}

// chainTime is the moment of the latest block, or this machine's where no endpoint tells.
func (k *Desk) chainTime(ctx context.Context) time.Time {
	head, err := k.Chain.Header(ctx, nil)
	if err != nil {
		return time.Now()
	}
	return time.Unix(int64(head.Time), 0)
}

// moved is what a transfer has moved, as final blocks say, all that was signed where it is not
// known.
func (k *Desk) moved(ctx context.Context, d *budget.Doubt) (vouchers.Amount, bool) {
	t := d.Transfer
	if t.ChainID != k.Chain.ChainID() {
		return t.Value, false
	}
	moved, known := k.agree(func(one *chain.Client) (vouchers.Amount, error) { return finally(ctx, one, d) })
	if !known {
		return t.Value, false
	}
	return moved, true
}

// agree asks each endpoint. What is known is what two on different hosts say, if there are so many,
// and no other one contradicts: one node that says falsely that a transfer was not made would have
// the budget spent twice.
func (k *Desk) agree(ask func(*chain.Client) (vouchers.Amount, error)) (said vouchers.Amount, known bool) {
	hosts, agreed := make(map[string]bool), make(map[string]bool)
	for _, one := range k.Chain.Apart() {
		hosts[one.Endpoint()] = true
		answer, err := ask(one)
		switch {
		case err != nil:
			continue
		case len(agreed) > 0 && answer != said:
			return 0, false
		}
		said, agreed[one.Endpoint()] = answer, true
	}
	return said, len(agreed) >= min(2, len(hosts))
}

// finally is what a transfer has moved by the latest final block of an endpoint, if none after it
// can make it.
func finally(ctx context.Context, one *chain.Client, d *budget.Doubt) (vouchers.Amount, error) {
	final, err := one.FinalHeader(ctx)
	if err != nil {
		return 0, err
	}
	used, err := d.Transfer.Used(ctx, one, final.Number)
	switch {
	case err != nil:
		return 0, err
	case used && d.Transfer.Method == transfer.Upto:
		return upTo(ctx, one, d.Transfer)
	case used:
		return d.Transfer.Value, nil
	case final.Time < uint64(d.Over().Unix()):
		return 0, errUnknown
	}
	return 0, nil
}

// upTo is what a transfer has moved that was made up to its amount. One whose nonce is used and that
// is not found was not made, which the chain does not prove: it counts in full.
func upTo(ctx context.Context, one *chain.Client, t transfer.Transfer) (vouchers.Amount, error) {
	use, err := t.FindUse(ctx, one, 0, nil)
	if err != nil {
		return 0, err
	}
	if use == nil {
		return t.Value, nil
	}
	mined, err := one.Receipt(ctx, use.Tx)
	if err != nil {
		return 0, err
	}
	if mined == nil {
		return 0, errUnknown
	}
	return movedIn(t, mined)
}
