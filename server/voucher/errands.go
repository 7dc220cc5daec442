package voucher

import (
	"context"
	"net/netip"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// errands are deposits and refunds that wait for a chain. Each holds a request, and is
// worth waiting for to whoever asked; those beyond the limit are refused at once. One
// network, and one key that signs vouchers, has no more than a share of the places.
type errands struct {
	most, share int

	mu  sync.Mutex // guards what follows
	all int
	of  map[errandKey]int
}

// errandKey is a network, or a key that signs vouchers.
type errandKey struct {
	network netip.Prefix
	signer  common.Address
}

func newErrands(l limits.Limits) *errands {
	return &errands{most: l.Errands, share: max(l.Errands/shares, 1), of: make(map[errandKey]int)}
}

// take takes one of the places for a caller, or returns how many wait of those that
// leave none. The caller gives it back.
func (e *errands) take(caller []errandKey) (waiting int, taken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all >= e.most {
		return e.all, false
	}
	for _, key := range caller {
		if e.of[key] >= e.share {
			return e.of[key], false
		}
	}
	e.all++
	for _, key := range caller {
		e.of[key]++
	}
	return e.all, true
}

func (e *errands) giveBack(caller []errandKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all--
	for _, key := range caller {
		if e.of[key]--; e.of[key] == 0 {
			delete(e.of, key)
		}
	}
}

// errand takes one of the places for a payment whose voucher is checked; done gives it
// back.
func (s *Seller) errand(ctx context.Context, p *Payment) (done func(), refused *terms.Refusal) {
	caller := []errandKey{{signer: p.Config.VoucherSigner()}}
	if network := limits.NetworkOf(ctx); network.IsValid() {
		caller = append(caller, errandKey{network: network})
	}
	waiting, taken := s.errands.take(caller)
	if !taken {
		s.met("errands")
		return nil, terms.Refuse(x402.ErrVerificationStateUnavailable, "%d deposits and refunds wait for the chain, which is the most for all, or for one key or network: send the same payment again in a few seconds", waiting)
	}
	return func() { s.errands.giveBack(caller) }, nil
}
