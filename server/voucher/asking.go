package voucher

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// asking bounds how often requests that nobody has paid for make the shop ask the
// chain. A channel that the ledger knows has cost somebody a deposit, and has a rate of
// its own. What nobody knows shares two others: one of vouchers alone, which cost
// nothing to make up, and one of deposits that the payer has signed, so that made-up
// channels keep no new payer out. No address has more than a share of either.
type asking struct {
	now       func() time.Time
	strangers *rate.Limiter
	deposits  *rate.Limiter
	channels  *limits.Rates[vouchers.ChannelID]
	addresses *limits.Rates[addressShare]
}

// addressShare is what one address has of one of the common rates.
type addressShare struct {
	network  netip.Prefix
	deposits bool
}

// shares is into how many parts a common rate falls: an address has one.
const shares = 4

func newAsking(l limits.Limits, now func() time.Time) *asking {
	common := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(l.Lookups), 10*l.Lookups) }
	return &asking{
		now: now, strangers: common(), deposits: common(),
		channels:  limits.NewRates[vouchers.ChannelID](rate.Limit(l.ChannelLookups)/60, l.ChannelLookups),
		addresses: limits.NewRates[addressShare](rate.Limit(l.Lookups)/shares, max(10*l.Lookups/shares, 1)),
	}
}

// stranger takes a lookup of a channel that nobody knows.
func (a *asking) stranger(from netip.Prefix, depositing bool) bool {
	all := a.strangers
	if depositing {
		all = a.deposits
	}
	now := a.now()
	if from.IsValid() && !a.addresses.Allow(addressShare{from, depositing}, now) {
		return false
	}
	return all.AllowN(now, 1)
}

// mayAsk says whether the chain is asked because of a payment that has bought nothing
// yet, whose voucher is checked. d is the deposit that comes with it, nil if none does.
// Who shows a voucher that is on chain, and no order, is a stranger.
func (s *Seller) mayAsk(ctx context.Context, p *Payment, d *signedDeposit) bool {
	limit, allowed := "channelLookups", false
	if ch, known := s.ledger.Channel(p.Voucher.Channel); known && (p.ordered || !terms.IsBurnt(ch, p.Voucher.Ceiling)) {
		allowed = s.asking.channels.Allow(ch.ID, s.asking.now())
	} else {
		limit, allowed = "lookups", s.asking.stranger(limits.NetworkOf(ctx), d != nil && d.isPayers(p.till))
	}
	if !allowed {
		s.met(limit)
	}
	return allowed
}

// tooManyLookups is what a payment is answered with about which the chain is not asked,
// because it was asked too often a moment ago.
func tooManyLookups() *terms.Refusal {
	return terms.Refuse(x402.ErrVerificationStateUnavailable, "the chain is asked about too many channels at the moment; send the same payment again in a few seconds")
}
