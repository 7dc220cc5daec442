package clearing

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// House clears the payments of one seller, or of one facilitator, on one chain. It is safe for concurrent use.
type House struct {
	options Options
	name    string // of the bucket
	bucket  vouchers.Bucket
	fleet   []*ship
	own     map[common.Address]bool // the senders' addresses
	judge   common.Address          // the sibling that owns what strangers send; the zero address is this house
	wake    chan struct{}           // has one when there may be something to send
	told    chan struct{}           // has one when there is something new to watch for reorganizations
	tally   tally

	mu      sync.Mutex // guards what follows, and what the rows say
	rows    map[common.Hash]*row
	ready   []*row // waiting, in the order in which they go
	late    later  // waiting or resting, and not due yet
	open    int    // accepted, without those that rest
	resting int
	loads   map[*load]struct{}
	resumed []*shipment // on their way since an earlier process
	trail   trail
	tokens  map[common.Address]funding.Token
}

// Open returns the house of a chain, with what its store holds: what was accepted and has no
// outcome goes on once it runs.
func Open(ctx context.Context, o Options) (*House, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	name := bucketName(o.Client.ChainID())
	h := &House{
		options: o, name: name, bucket: o.Store.Bucket(name), own: make(map[common.Address]bool),
		wake: make(chan struct{}, 1), told: make(chan struct{}, 1),
		rows: make(map[common.Hash]*row), loads: make(map[*load]struct{}), tokens: make(map[common.Address]funding.Token),
	}
	for _, sender := range o.Senders {
		h.fleet = append(h.fleet, &ship{Sender: sender})
		h.own[sender.Address()] = true
	}
	h.judge = judgeOf(o)
	if err := h.load(ctx); err != nil {
		return nil, fmt.Errorf("take up the payments of %s: %w", o.Client.Network(), err)
	}
	return h, nil
}

// judgeOf is whom a transfer belongs to that a stranger has sent.
func judgeOf(o Options) common.Address {
	lowest := o.Senders[0].Address()
	for _, sender := range o.Senders {
		if sender.Address().Cmp(lowest) < 0 {
			lowest = sender.Address()
		}
	}
	judge := common.Address{}
	for _, sibling := range o.Siblings {
		if sibling.Cmp(lowest) < 0 {
			lowest, judge = sibling, sibling
		}
	}
	return judge
}

// load reads what is open.
func (h *House) load(ctx context.Context) error {
	err := h.bucket.ForEach([]byte{openEntry}, func(key, value []byte) error {
		record, err := decodeRecord(value)
		if err != nil {
			return err
		}
		r := newRow(common.BytesToHash(key[1:]), record)
		close(r.opened)
		h.rows[r.key] = r
		if record.State == Settled {
			r.phase = landed
			h.trail.add(r, &record)
			return nil
		}
		h.open++
		h.enqueue(r)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	return h.bucket.ForEach([]byte{shipmentEntry}, func(key, value []byte) error {
		s, err := decodeShipment(key, value)
		if err == nil {
			h.resumed = append(h.resumed, s)
		}
		return err
	})
}

// enqueue lets a row wait for the next transaction. Called with h.mu held, or before anybody
// else has the house.
func (h *House) enqueue(r *row) {
	if r.index >= 0 {
		heap.Remove(&h.late, r.index)
	}
	if r.phase == resting {
		h.resting--
		h.open++
	}
	r.phase, r.ready = waiting, time.Now()
	h.ready = append(h.ready, r)
}

// rouse has the house look whether there is something to send.
func (h *House) rouse() { signal(h.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// write makes changes durable together.
func (h *House) write(ctx context.Context, puts ...vouchers.Put) error {
	if err := h.options.Store.Submit(vouchers.Update{Puts: puts}).Wait(ctx); err != nil {
		return fmt.Errorf("write down what became of payments: %w", err)
	}
	return nil
}

func (h *House) put(key, value []byte) vouchers.Put {
	return vouchers.Put{Bucket: h.name, Key: key, Value: value}
}

func (h *House) strike(key []byte) vouchers.Put { return vouchers.Put{Bucket: h.name, Key: key} }
