package facilitator

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// ErrOptions says that a facilitator cannot be set up so.
var ErrOptions = errors.New("the facilitator cannot be set up so")

// Options say what a facilitator works with.
type Options struct {
	// Chains are what it settles on, each once.
	Chains []Chain
	// Store remembers the payments and the transactions. It belongs to the facilitator alone; the
	// caller closes it after the facilitator.
	Store vouchers.Store
	// Access says who may ask; nil is whoever reaches it.
	Access Access
	Limits Limits
	// Served is told of each request once it is answered; nil is nobody.
	Served func(Event)
	// Logger is [slog.Default] where it is nil, and Now time.Now.
	Logger *slog.Logger
	Now    func() time.Time
}

// Chain is where a facilitator settles.
type Chain struct {
	// Client is the chain. The caller closes it after the facilitator.
	Client *chain.Client
	// Keys send, any number of them: which one is chosen by how much each has to do and by whether
	// it can pay for gas. No other program may send with one of them.
	Keys []keys.Signer
	// Authorizer signs claims and refunds of channels that name it as their receiver authorizer, for
	// callers who may ask for that ([Caller.SignsFor]); nil signs none. It sends nothing.
	Authorizer keys.Signer
	// Tokens are what is moved; empty is any that a payment names.
	Tokens []common.Address
	// Pinned are escrows that are served beside the canonical one and chit's own.
	Pinned []escrow.Addresses
	// Confirmations is how many blocks deep a settlement is that is told, at least 1, and
	// FinalAfter how deep one is that no reorganization takes back; 0 is clearing's own.
	Confirmations, FinalAfter uint64
	// Batch is how many transfers go in one transaction at most; 0 is clearing's own.
	Batch int
	// MaxFee is the most that is paid per gas and MaxCost what one transaction may cost in all, both
	// in wei; nil is the sender's own and no such limit.
	MaxFee, MaxCost *big.Int
	// LowGas is the balance of a key, in wei, below which the log and GET /healthz warn; nil is no
	// such warning.
	LowGas *big.Int
	// StuckAfter is after how long a transaction is sent again at a higher fee; 0 is the sender's own.
	StuckAfter time.Duration
}

// Limits bound what callers can make a facilitator do and remember. A zero field has its default.
type Limits struct {
	// Body is the largest request, in bytes, and Bodies are those of all that are being served.
	Body, Bodies int64
	// BodyTime is how long a caller may take to send one.
	BodyTime time.Duration
	// Waiting is how many settlements wait on each chain, and CallerWaiting how many of one caller
	// wait for an answer.
	Waiting, CallerWaiting int
	// Asking is how many requests ask a chain at once; others wait for their turn.
	Asking int
	// Wait is how long the answer to POST /settle waits for its outcome, after which it is
	// settlement_pending.
	Wait time.Duration
	// Claims is how many rows one claim has at most.
	Claims int
	// Resources is how many are listed by GET /discovery/resources.
	Resources int
}

// The limits of a facilitator that names none.
const (
	DefaultBody          = 256 << 10
	DefaultBodies        = 128 << 20
	DefaultBodyTime      = 15 * time.Second
	DefaultWaiting       = 4096
	DefaultCallerWaiting = 1024
	DefaultAsking        = 64
	// DefaultWait is less than the 90 seconds that stock servers wait.
	DefaultWait      = 45 * time.Second
	DefaultClaims    = 128
	DefaultResources = 2000
)

// WithDefaults returns the limits that apply.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Body: cmp.Or(l.Body, DefaultBody), Bodies: cmp.Or(l.Bodies, DefaultBodies), BodyTime: cmp.Or(l.BodyTime, DefaultBodyTime),
		Waiting: cmp.Or(l.Waiting, DefaultWaiting), CallerWaiting: cmp.Or(l.CallerWaiting, DefaultCallerWaiting),
		Asking: cmp.Or(l.Asking, DefaultAsking), Wait: cmp.Or(l.Wait, DefaultWait), Claims: cmp.Or(l.Claims, DefaultClaims),
		Resources: cmp.Or(l.Resources, DefaultResources),
	}
}

// Event is a request that was answered.
type Event struct {
	// Path is that of the request, such as "/settle", and Status the HTTP status of its answer.
	Path   string
	Status int
	// Caller is its name, empty where nobody was admitted.
	Caller string
	// Scheme and Network are the payment's, empty where none was read. They are among those that
	// are served.
	Scheme, Network string
	// Refused is why the payment was not taken; empty where it was.
	Refused x402.ErrorCode
	// Took is how long the answer took.
	Took time.Duration
}

func (o *Options) complete() error {
	o.Limits = o.Limits.WithDefaults()
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Served == nil {
		o.Served = func(Event) {}
	}
	if o.Store == nil || len(o.Chains) == 0 {
		return fmt.Errorf("%w: it needs a store and a chain", ErrOptions)
	}
	seen := make(map[uint64]bool)
	for _, c := range o.Chains {
		if err := c.check(o.Access != nil); err != nil {
			return err
		}
		if id := c.Client.ChainID(); seen[id] {
			return fmt.Errorf("%w: chain id %d is named twice: name several endpoints in one client", ErrOptions, id)
		}
		seen[c.Client.ChainID()] = true
	}
	if o.Access == nil {
		o.Access = everybody{}
	}
	return nil
}

func (c *Chain) check(guarded bool) error {
	switch {
	case c.Client == nil:
		return fmt.Errorf("%w: a chain has no client", ErrOptions)
	case len(c.Keys) == 0:
		return fmt.Errorf("%w: on %s no key sends", ErrOptions, c.Client.Network())
	case c.Authorizer != nil && !guarded:
		return fmt.Errorf("%w: on %s the authorizer would sign refunds for everybody: give keys to who may ask for them, or name no authorizer", ErrOptions, c.Client.Network())
	}
	for i, key := range c.Keys {
		if err := keys.RefuseDev(c.Client.ChainID(), key); err != nil {
			return fmt.Errorf("%w: %w", ErrOptions, err)
		}
		for _, other := range c.Keys[:i] {
			if other.Address() == key.Address() {
				return fmt.Errorf("%w: on %s the key of %s is named twice", ErrOptions, c.Client.Network(), key.Address())
			}
		}
	}
	return nil
}
