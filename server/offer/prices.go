package offer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/vouchers"
)

// Prices maps the name of a tool, or a pattern over names such as "search*" (see package
// glob), to what a call costs, as people write it ("0.001" USDC; "0" and [Free] are free).
// The exact name wins, then the longest pattern that matches. A tool that nothing matches
// is not sold: no client sees it, or can call it. {"*": Free} gives the rest away.
//
// Patterns that begin with "resource:" are over the URIs of resources, those with "prompt:" over
// the names of prompts; no other stands for any. A resource that a template makes goes by its
// URI, and where that is written with escapes or empty segments by the dearer of the two; one with
// segments of dots is not sold. As long as no
// pattern is over resources, they are all free; from the first on, one that nothing matches is
// not sold. So are prompts.
type Prices map[string]string

// Free is the price of what is given for nothing, among [Prices].
const Free = "free"

// Rates says what calls cost where a fixed price does not. The patterns are those of
// [Prices], and rank with them: for each tool one pattern decides, of either map. A
// pattern that is in both is a mistake.
type Rates map[string]Rate

// Rate is what the calls of a tool cost.
type Rate struct {
	// Price is the most that a call costs, written as in [Prices], and announced with
	// the tool. Without a Quote, a call that is not metered costs just that.
	Price string
	// Quote, if there is one, says what each call costs. It needs a Price above 0.
	Quote Quote
	// Metered says that a result tells what the call has really cost: see [MetaCost].
	Metered bool
	// ChargeFailed charges a call whose result is an error, and ChargeCancelled one whose
	// client goes away, or lets its time run out, before it has ended: the price, or what
	// the meter has counted. Without them such calls cost nothing. A call that panics
	// never costs anything, and a good result is charged whoever is still there to hear it.
	// Unless a tool charges for both, what it tells on its way is kept back until the call
	// is paid: log messages, and the words of its progress.
	ChargeFailed, ChargeCancelled bool
	// Free is what each payer gets for nothing before it pays.
	Free Allowance
	// Accept are the ways to pay for it; empty are those of the shop.
	Accept Accept
}

// Tariff is [Prices] and [Rates], checked and in the order in which they are tried.
type Tariff struct {
	exact map[string]*Offer
	globs []globRate
	// kinds are those that a pattern is over.
	kinds map[kind]bool
}

type globRate struct {
	pattern string
	rate    *Offer
}

// Offer is a [Rate], checked.
type Offer struct {
	// Price is the most that a call costs, in atomic USDC; 0 is free. Quote is nil where all cost
	// the same, and a call that is Metered says itself what it has cost.
	Price   vouchers.Amount
	Quote   Quote
	Metered bool
	// ChargeFailed and ChargeCancelled charge calls that have not delivered.
	ChargeFailed, ChargeCancelled bool
	Free                          *Allowance // nil if there is none
	// Accept are the ways to pay for it; empty are those of the shop.
	Accept Accept
	// Slice is what is charged at once, at least, of a call that is paid for while it is
	// answered, in atomic USDC; 0 charges what is due.
	Slice vouchers.Amount
}

// NewTariff checks prices and rates. The error says which pattern is wrong.
func NewTariff(prices Prices, rates Rates) (*Tariff, error) {
	t := &Tariff{exact: make(map[string]*Offer), kinds: map[kind]bool{tool: true}}
	for pattern, price := range prices {
		if _, twice := rates[pattern]; twice {
			return nil, fmt.Errorf("%q has a price and a rate: leave one out", pattern)
		}
		if err := t.add(pattern, Rate{Price: price}); err != nil {
			return nil, err
		}
	}
	for pattern, r := range rates {
		if err := t.add(pattern, r); err != nil {
			return nil, err
		}
	}
	if err := t.checkPools(); err != nil {
		return nil, err
	}
	slices.SortFunc(t.globs, func(a, b globRate) int {
		if d := len(b.pattern) - len(a.pattern); d != 0 {
			return d
		}
		return strings.Compare(a.pattern, b.pattern)
	})
	return t, nil
}

func parsePrice(text string) (vouchers.Amount, error) {
	if text == Free {
		return 0, nil
	}
	return vouchers.ParseAmount(text)
}

func (t *Tariff) add(pattern string, given Rate) error {
	price, err := parsePrice(given.Price)
	if err == nil && price == 0 && given.Quote != nil {
		err = errors.New("it has a quote, but no price above 0, which is the most that a call may cost")
	}
	if err != nil {
		return fmt.Errorf("price of %q: %w", pattern, err)
	}
	if err := glob.Check(pattern); err != nil {
		return fmt.Errorf("price pattern %q: %w", pattern, err)
	}
	if err := given.Accept.Check(); err != nil {
		return fmt.Errorf("accept of %q: %w", pattern, err)
	}
	r := &Offer{
		Price: price, Quote: given.Quote, Metered: given.Metered, ChargeFailed: given.ChargeFailed, ChargeCancelled: given.ChargeCancelled,
		Free: given.Free.Of(pattern), Accept: given.Accept,
	}
	t.kinds[kindOf(pattern)] = true
	if glob.Is(pattern) {
		t.globs = append(t.globs, globRate{pattern, r})
	} else {
		t.exact[pattern] = r
	}
	return nil
}

// checkPools refuses two allowances of one pool: what is used of it is counted once.
func (t *Tariff) checkPools() error {
	pools := make(map[string]Allowance)
	check := func(pattern string, r *Offer) error {
		if r.Free == nil {
			return nil
		}
		if other, shared := pools[r.Free.Pool]; shared && other != *r.Free {
			return fmt.Errorf("the allowance of %q is %+v, and another of the pool %q is %+v: those of one pool are the same", pattern, *r.Free, r.Free.Pool, other)
		}
		pools[r.Free.Pool] = *r.Free
		return nil
	}
	for pattern, r := range t.exact {
		if err := check(pattern, r); err != nil {
			return err
		}
	}
	for _, g := range t.globs {
		if err := check(g.pattern, g.rate); err != nil {
			return err
		}
	}
	return nil
}

// of returns the rate of what has a name, with a price of 0 if it is free, and nil if it is not
// sold.
func (t *Tariff) of(name string) *Offer {
	k := kindOf(name)
	if !t.kinds[k] {
		return given
	}
	r := t.named(name)
	if k != resource {
		return r
	}
	plain := plainly(name)
	if hasDots(plain) {
		return nil
	}
	if other := t.named(plain); r == nil || other != nil && other.Price > r.Price {
		return other
	}
	return r
}

func (t *Tariff) named(name string) *Offer {
	if r, ok := t.exact[name]; ok {
		return r
	}
	for _, g := range t.globs {
		if Over(g.pattern, name) {
			return g.rate
		}
	}
	return nil
}

// MetaRate is the key in a tool's _meta that says why a call may cost less than is
// announced under x402/payment-required: a [RateNote].
const MetaRate = "chit/rate"

// RateNote is what the list of tools says of a tool whose calls may cost less than the
// announced price. A call without a payment is answered with its own.
type RateNote struct {
	// Quoted says that the price depends on the arguments.
	Quoted bool `json:"quoted,omitempty"`
	// Metered says that a call is charged what it has really cost, up to its price.
	Metered bool `json:"metered,omitempty"`
	// ChargeFailed and ChargeCancelled say that a call costs as much where its result is an
	// error, and where its client does not wait for its end.
	ChargeFailed    bool `json:"chargeFailed,omitempty"`
	ChargeCancelled bool `json:"chargeCancelled,omitempty"`
	// Free is what a payer gets for nothing.
	Free *FreeNote `json:"free,omitempty"`
}

// Note is nil if there is nothing to say.
func (r *Offer) Note() *RateNote {
	if r.Quote == nil && !r.Metered && r.Free == nil && !r.ChargeFailed && !r.ChargeCancelled {
		return nil
	}
	n := &RateNote{Quoted: r.Quote != nil, Metered: r.Metered, ChargeFailed: r.ChargeFailed, ChargeCancelled: r.ChargeCancelled}
	if r.Free != nil {
		n.Free = r.Free.note(r.Free.left(usage{}))
	}
	return n
}

// LiveTariff is a tariff that can be replaced while the shop sells.
type LiveTariff struct{ atomic.Pointer[Tariff] }

// Of is [Tariff.Of] of the tariff as it is now.
func (l *LiveTariff) Of(tool string) *Offer { return l.Load().of(tool) }

// Makes says whether anything is sold that a template makes, whose name is given.
func (l *LiveTariff) Makes(template string) bool { return l.Load().makes(template) }
