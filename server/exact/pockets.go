package exact

import (
	"context"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/singleflight"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// pockets count what of each payer's money calls in flight want, so that none runs for money
// that another one takes.
type pockets struct {
	looks singleflight.Group

	mu sync.Mutex // guards what follows
	of map[purse]*pocket
}

// purse is a payer's money of one token.
type purse struct {
	chainID     uint64
	token, from common.Address
}

type pocket struct {
	running, settling vouchers.Amount // held by calls that run, and by transfers that are being settled
	changed           chan struct{}   // closed when less is held
}

// holding is a part of a pocket.
type holding struct {
	of       *pockets
	in       purse
	amount   vouchers.Amount
	settling bool
	ended    bool
}

// hold sets the amount of a transfer aside, which its payer has signed. Where other calls of the payer
// are in flight, balance is asked what there is, once for all that wait; what is being settled is waited
// for where it decides.
func (p *pockets) hold(ctx context.Context, t transfer.Transfer, balance func(context.Context) (vouchers.Amount, error)) (*holding, error) {
	in := purse{t.ChainID, t.Token, t.From}
	for {
		held, changed := p.take(in, t.Value)
		if held != nil {
			return held, nil
		}
		there, err := p.look(ctx, in, changed, balance)
		if err != nil {
			return nil, err
		}
		held, running := p.takeOf(in, t.Value, there, changed)
		if held != nil {
			return held, nil
		}
		if running.Plus(t.Value) > there {
			return nil, fmt.Errorf("%w: it has %s, of which calls that run want %s", transfer.ErrBalance, there, running)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// look asks for a balance, with all who have seen the same pocket and ask now.
func (p *pockets) look(ctx context.Context, in purse, seen <-chan struct{}, balance func(context.Context) (vouchers.Amount, error)) (vouchers.Amount, error) {
	asked := p.looks.DoChan(fmt.Sprintf("%v %p", in, seen), func() (any, error) { return balance(context.WithoutCancel(ctx)) })
	select {
	case told := <-asked:
		if told.Err != nil {
			return 0, told.Err
		}
		return told.Val.(vouchers.Amount), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// take takes an amount out of a pocket that nobody else is at, or says what is closed when less of
// it is held.
func (p *pockets) take(in purse, amount vouchers.Amount) (held *holding, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.of[in]; k != nil {
		return nil, k.changed
	}
	p.of[in] = &pocket{running: amount, changed: make(chan struct{})}
	return &holding{of: p, in: in, amount: amount}, nil
}

// takeOf takes an amount out of a pocket whose owner has so much, if nothing was given back since
// that was asked; or says how much calls that run hold of it.
func (p *pockets) takeOf(in purse, amount, there vouchers.Amount, asked <-chan struct{}) (held *holding, running vouchers.Amount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.of[in]
	if k == nil || k.changed != asked {
		return nil, 0
	}
	if k.running.Plus(k.settling).Plus(amount) > there {
		return nil, k.running
	}
	k.running = k.running.Plus(amount)
	return &holding{of: p, in: in, amount: amount}, 0
}

// restore takes an amount that is being settled, whatever there is.
func (p *pockets) restore(t transfer.Transfer, amount vouchers.Amount) *holding {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := purse{t.ChainID, t.Token, t.From}
	k := p.of[in]
	if k == nil {
		k = &pocket{changed: make(chan struct{})}
		p.of[in] = k
	}
	k.settling = k.settling.Plus(amount)
	return &holding{of: p, in: in, amount: amount, settling: true}
}

// settles says that the call has run, and its transfer is being settled.
func (h *holding) settles() {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	if h.settling || h.ended {
		return
	}
	h.settling = true
	k := h.of.of[h.in]
	k.running, k.settling = k.running.Minus(h.amount), k.settling.Plus(h.amount)
}

// end gives back what is held. It may be called again.
func (h *holding) end() {
	if h == nil {
		return
	}
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	if h.ended {
		return
	}
	h.ended = true
	k := h.of.of[h.in]
	if h.settling {
		k.settling = k.settling.Minus(h.amount)
	} else {
		k.running = k.running.Minus(h.amount)
	}
	close(k.changed)
	k.changed = make(chan struct{})
	if k.running == 0 && k.settling == 0 {
		delete(h.of.of, h.in)
	}
}
