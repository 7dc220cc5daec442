package clearing

import (
	"cmp"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// The limits of a house that names none.
const (
	// DefaultBatch is how many transfers go in one transaction.
	DefaultBatch = 50
	// DefaultWaiting is how many payments may wait at a time.
	DefaultWaiting = 4096
	// DefaultFinalAfter is how many blocks deep a payment is that is looked at no more.
	DefaultFinalAfter = 64
)

// MaxBatch is the most transfers that go in one transaction.
const MaxBatch = 128

// BatchGas is the most gas that a transaction of several transfers may have, in gas units:
// below the cap of a transaction (EIP-7825) and what a block of any chain holds.
const BatchGas = txmgr.MaxGas / 2

// MaxValidity is for how long from now a transfer may be good. Its record is kept as long, so that
// nobody can pay twice by it.
const MaxValidity = 30 * 24 * time.Hour

// keptAfter is for how long a record is kept after its transfer cannot be used any more.
const keptAfter = 24 * time.Hour

// Options say what a house works with.
type Options struct {
	// Client is the chain.
	Client *chain.Client
	// Senders pay the gas: any number of keys of one seller on this chain.
	Senders []*txmgr.Sender
	// Store keeps the payments, in a bucket of the chain's.
	Store  vouchers.Store
	Logger *slog.Logger
	// Confirmations is how many blocks deep a payment is that has settled, at least 1, and
	// FinalAfter how deep one is that no reorganization takes back any more; 0 is
	// [DefaultFinalAfter].
	Confirmations, FinalAfter uint64
	// Batch is how many transfers go in one transaction, at most [MaxBatch]; 0 is
	// [DefaultBatch], 1 sends each by itself.
	Batch int
	// Waiting is how many payments may wait at a time; 0 is [DefaultWaiting]. As many again
	// are remembered that the chain has refused.
	Waiting int
	// Multicall makes several transfers in one transaction; the zero address is [abigen.Multicall3Address].
	Multicall common.Address
	// MaxFee is the most that is paid per gas, and MaxCost what one transaction may cost in
	// all, both in wei; nil is no such limit beside the senders' own.
	MaxFee, MaxCost *big.Int
	// Siblings are the keys of all other servers of the same seller. One payment must not buy
	// at two of them: a transfer belongs to the server that has sent it, and one that a
	// stranger has sent to the server that has the lowest key of all, so that each of them, without asking
	// another, comes to the same answer. Each server must know all keys of all others. None is a seller with one
	// server, which all payments belong to.
	Siblings []common.Address
	// Reorged is told of a payment that had Settled and is not on the chain any more. It is
	// Accepted again then, and sent again. It must return soon: nothing else is looked for meanwhile.
	Reorged func(Record)
	// Ended is told of each outcome, once it is written down: of one more where a payment was
	// Reorged meanwhile. After a crash between the two it is not told again.
	Ended func(Record)
	// May is asked before a transfer is sent, and whether its payer's own code runs then. An error
	// says why nothing is spent for it now: it is refused with it, and asked about when it is tried
	// again. It must return soon; nil sends all.
	May func(t transfer.Transfer, runsCode bool) error
	// Wasted is told of the gas that a transfer has used, in gas units, as soon as it is known that it was for
	// nothing: it is as unused as before, or has Failed. What somebody else has settled meanwhile is none.
	Wasted func(t transfer.Transfer, gas uint64)
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

func (o *Options) complete() error {
	if len(o.Senders) == 0 {
		return fmt.Errorf("%w: no key sends", ErrNoGas)
	}
	o.Confirmations = max(o.Confirmations, 1)
	o.FinalAfter = max(cmp.Or(o.FinalAfter, DefaultFinalAfter), o.Confirmations)
	o.Batch = min(cmp.Or(max(o.Batch, 0), DefaultBatch), MaxBatch)
	o.Waiting = cmp.Or(max(o.Waiting, 0), DefaultWaiting)
	if o.Multicall == (common.Address{}) {
		o.Multicall = abigen.Multicall3Address
	}
	if o.Reorged == nil {
		o.Reorged = func(Record) {}
	}
	if o.May == nil {
		o.May = func(transfer.Transfer, bool) error { return nil }
	}
	if o.Wasted == nil {
		o.Wasted = func(transfer.Transfer, uint64) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}

// bucketName is the store's bucket of the payments on a chain.
func bucketName(chainID uint64) string { return fmt.Sprintf("clearing-%d", chainID) }
