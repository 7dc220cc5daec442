package facilitator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/limits"
)

// Facilitator verifies and settles payments. It is an [http.Handler], and safe for concurrent use.
type Facilitator struct {
	options Options
	places  []*place
	named   map[string]*place // by the chain's names in both versions of x402
	door    *door.Door
	met     *limits.Hits
	mux     *http.ServeMux
	asking  chan struct{} // has one for each request that asks a chain
	tab     *tab
	shelf   *shelf
	settles singleflight.Group
	errands singleflight.Group

	life    context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup
}

var _ http.Handler = (*Facilitator)(nil)

// New returns a facilitator, which takes up what its store holds of payments without an outcome,
// and settles until it is closed. Errors wrap [ErrOptions] where the options make no sense.
func New(ctx context.Context, o Options) (*Facilitator, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	bounds := limits.Limits{Body: o.Limits.Body, Bodies: o.Limits.Bodies, BodyTime: o.Limits.BodyTime}.WithDefaults()
	f := &Facilitator{
		options: o, named: make(map[string]*place), met: limits.NewHits(o.Logger),
		asking: make(chan struct{}, o.Limits.Asking), tab: newTab(o.Limits.CallerWaiting),
	}
	f.door = door.New(bounds, f.met)
	f.life, f.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := f.open(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for _, p := range f.places {
		f.running.Go(func() { p.house.Run(f.life) })
		f.running.Go(func() { f.watchGas(p) })
	}
	f.route()
	return f, nil
}

func (f *Facilitator) open(ctx context.Context) (err error) {
	if f.shelf, err = openShelf(f.options.Store.Bucket(resourcesBucket), f.options.Limits.Resources); err != nil {
		return err
	}
	for _, c := range f.options.Chains {
		p := &place{Chain: c, f: f, network: c.Client.Network()}
		f.places = append(f.places, p)
		if err := p.open(ctx); err != nil {
			return fmt.Errorf("open %s: %w", p.network, err)
		}
		f.named[p.network] = p
		if p.name != "" {
			f.named[p.name] = p
		}
	}
	return nil
}

// Close ends the facilitator and waits for what it runs. What has no outcome yet is taken up by
// the next one of the same store.
func (f *Facilitator) Close() error {
	f.end()
	f.running.Wait()
	var all []error
	for _, p := range f.places {
		for _, sender := range p.senders {
			all = append(all, sender.Close())
		}
	}
	return errors.Join(all...)
}

func (f *Facilitator) route() {
	f.mux = http.NewServeMux()
	f.mux.HandleFunc("POST /verify", f.serve(f.verify))
	f.mux.HandleFunc("POST /settle", f.serve(f.settle))
	f.mux.HandleFunc("GET /supported", f.serve(f.supported))
	f.mux.HandleFunc("GET /discovery/resources", f.serve(f.discover))
	f.mux.HandleFunc("GET /healthz", f.health)
}

// ServeHTTP answers POST /verify, POST /settle, GET /supported and GET /discovery/resources to whom
// the access admits, and GET /healthz to anybody.
func (f *Facilitator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.door.Bound(f.mux).ServeHTTP(w, r)
}

// Stats are those of the transfers on each chain, by its name as in "eip155:8453".
func (f *Facilitator) Stats() map[string]clearing.Stats {
	all := make(map[string]clearing.Stats, len(f.places))
	for _, p := range f.places {
		all[p.network] = p.house.Stats()
	}
	return all
}

// Gas is what each key can pay for gas with, by the name of its chain.
func (f *Facilitator) Gas() map[string][]clearing.GasState {
	all := make(map[string][]clearing.GasState, len(f.places))
	for _, p := range f.places {
		all[p.network] = p.house.Gas()
	}
	return all
}

// Met is how often each limit was met since the facilitator was opened, by its name.
func (f *Facilitator) Met() map[string]uint64 { return f.met.All() }

// ask waits for a turn to ask a chain; done ends it.
func (f *Facilitator) ask(ctx context.Context) (done func(), err error) {
	select {
	case f.asking <- struct{}{}:
		return func() { <-f.asking }, nil
	default:
		f.met.Add("asking")
	}
	select {
	case f.asking <- struct{}{}:
		return func() { <-f.asking }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// gasLook is how often the keys' balances are held against [Chain.LowGas].
const gasLook = 15 * time.Second

// watchGas warns of keys that are low, once each until they are not, until the facilitator ends.
func (f *Facilitator) watchGas(p *place) {
	if p.LowGas == nil {
		return
	}
	tick := time.NewTicker(gasLook)
	defer tick.Stop()
	warned := make(map[string]bool)
	for {
		for _, key := range p.house.Gas() {
			low, at := key.Balance != nil && key.Balance.Cmp(p.LowGas) < 0, key.Address.Hex()
			if low && !warned[at] {
				f.options.Logger.Warn("a key is low on gas money", "chain", p.network, "key", at, "balance", key.Balance, "below", p.LowGas)
			}
			warned[at] = low
		}
		select {
		case <-tick.C:
		case <-f.life.Done():
			return
		}
	}
}
