package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

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
	channels  keyedRates[vouchers.ChannelID]
	addresses keyedRates[addressShare]
}

// addressShare is what one address has of one of the common rates.
type addressShare struct {
	network  netip.Prefix
	deposits bool
}

// shares is into how many parts a common rate falls: an address has one.
const shares = 4

func newAsking(l Limits, now func() time.Time) *asking {
	common := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(l.Lookups), 10*l.Lookups) }
	return &asking{
		now: now, strangers: common(), deposits: common(),
		channels:  keyedRates[vouchers.ChannelID]{limit: rate.Limit(l.ChannelLookups) / 60, burst: l.ChannelLookups},
		addresses: keyedRates[addressShare]{limit: rate.Limit(l.Lookups) / shares, burst: max(10*l.Lookups/shares, 1)},
	}
}

// stranger takes a lookup of a channel that nobody knows.
func (a *asking) stranger(from netip.Prefix, depositing bool) bool {
	all := a.strangers
	if depositing {
		all = a.deposits
	}
	now := a.now()
	if from.IsValid() && !a.addresses.allow(addressShare{from, depositing}, now) {
		return false
	}
	return all.AllowN(now, 1)
}

// mayAsk says whether the chain is asked because of a payment that has bought nothing
// yet, whose voucher is checked. d is the deposit that comes with it, nil if none does.
// Who shows a voucher that is on chain, and no order, is a stranger.
func (s *Shop) mayAsk(ctx context.Context, p *payment, d *signedDeposit) bool {
	limit, allowed := "channelLookups", false
	if ch, known := s.Ledger.Channel(p.voucher.Channel); known && (p.ordered || !isBurnt(ch, p.voucher.Ceiling)) {
		allowed = s.asking.channels.allow(ch.ID, s.asking.now())
	} else {
		limit, allowed = "lookups", s.asking.stranger(addressOf(ctx), d != nil && d.isPayers(p.till))
	}
	if !allowed {
		s.met.add(limit)
	}
	return allowed
}

// tooManyLookups is what a payment is answered with about which the chain is not asked,
// because it was asked too often a moment ago.
func tooManyLookups() *refusal {
	return refuseWith(x402.ErrVerificationStateUnavailable, "the chain is asked about too many channels at the moment; send the same payment again in a few seconds")
}

// keyedRates are rates of many keys. Those that are not in use are forgotten.
type keyedRates[K comparable] struct {
	limit rate.Limit
	burst int

	mu  sync.Mutex // guards what follows
	all map[K]*rate.Limiter
}

// maxKeyedRates is how many are remembered before those are dropped that are full again.
const maxKeyedRates = 1 << 14

func (r *keyedRates[K]) allow(key K, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter := r.all[key]
	if limiter == nil {
		if len(r.all) >= maxKeyedRates && !r.forget(now) {
			return false
		}
		if r.all == nil {
			r.all = make(map[K]*rate.Limiter)
		}
		limiter = rate.NewLimiter(r.limit, r.burst)
		r.all[key] = limiter
	}
	return limiter.AllowN(now, 1)
}

// forget drops the rates that are full again, and reports whether there were any.
// Called with r.mu held.
func (r *keyedRates[K]) forget(now time.Time) bool {
	before := len(r.all)
	for key, limiter := range r.all {
		if limiter.TokensAt(now) >= float64(r.burst) {
			delete(r.all, key)
		}
	}
	return len(r.all) < before
}

type addressKey struct{}

// withAddress notes in a request from where it comes.
func withAddress(r *http.Request) context.Context {
	return context.WithValue(r.Context(), addressKey{}, networkOf(r))
}

// addressOf is the network that a request comes from; it is not valid if that is not
// known.
func addressOf(ctx context.Context) netip.Prefix {
	network, _ := ctx.Value(addressKey{}).(netip.Prefix)
	return network
}

// networkOf is the network of a request's client, as coarse as one customer of a
// provider has it. Behind a proxy on the same machine or network it is the one that the
// proxy has seen; where none is said, it is not valid.
func networkOf(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	address, err := netip.ParseAddr(host)
	if err == nil && (address.IsLoopback() || address.IsPrivate()) {
		seen := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
		address, err = netip.ParseAddr(strings.TrimSpace(seen[strings.LastIndexByte(seen, ',')+1:]))
	}
	if err != nil {
		return netip.Prefix{}
	}
	address = address.Unmap()
	bits := 24
	if address.Is6() {
		bits = 48
	}
	network, err := address.Prefix(bits)
	if err != nil { // it has a zone
		return netip.Prefix{}
	}
	return network
}
