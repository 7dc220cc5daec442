package exact

import (
	"context"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/time/rate"

	"github.com/chitpay/chit/server/limits"
)

// asking bounds how often payments make the shop ask the chain: who has paid by a transfer and has
// signed with its key has a rate of its own; all others share one, of which one network has a
// share. What only a contract can tell to be signed may be anybody's.
type asking struct {
	now       func() time.Time
	strangers *rate.Limiter
	networks  *limits.Rates[netip.Prefix]
	payers    *limits.Rates[common.Address]
}

// shares is into how many parts the common rate falls: a network has one.
const shares = 4

func newAsking(l limits.Limits, now func() time.Time) *asking {
	return &asking{
		now: now, strangers: rate.NewLimiter(rate.Limit(l.Lookups), 10*l.Lookups),
		networks: limits.NewRates[netip.Prefix](rate.Limit(l.Lookups)/shares, max(10*l.Lookups/shares, 1)),
		payers:   limits.NewRates[common.Address](rate.Limit(l.PayerTransfers)/60, l.PayerTransfers),
	}
}

func (a *asking) stranger(from netip.Prefix) bool {
	now := a.now()
	if from.IsValid() && !a.networks.Allow(from, now) {
		return false
	}
	return a.strangers.AllowN(now, 1)
}

// mayAsk says whether the chain is asked about a transfer, which is signed by its payer or, where
// the chain has to tell, may not be.
func (s *Seller) mayAsk(ctx context.Context, p *payment, needsChain bool) bool {
	limit, allowed := "lookups", false
	if !needsChain && s.isRegular(p) {
		limit, allowed = "payerTransfers", s.asking.payers.Allow(p.transfer.From, s.asking.now())
	} else {
		allowed = s.asking.stranger(limits.NetworkOf(ctx))
	}
	if !allowed {
		s.Met(limit)
	}
	return allowed
}
