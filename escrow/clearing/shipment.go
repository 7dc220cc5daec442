package clearing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/transfer"
)

// shipment is rows in one transaction, as it is written down before that is sent.
type shipment struct {
	id     string
	Sender common.Address `json:"sender"`
	Gas    uint64         `json:"gas"` // the limit
	Keys   []common.Hash  `json:"keys"`

	rows []*row
}

func newShipment(l *load, gas uint64) *shipment {
	var id [16]byte
	_, _ = rand.Read(id[:]) // crypto/rand.Read never returns an error
	s := &shipment{id: hex.EncodeToString(id[:]), Sender: l.ship.Address(), Gas: gas, rows: l.rows}
	for _, r := range l.rows {
		s.Keys = append(s.Keys, r.key)
	}
	return s
}

func decodeShipment(key, value []byte) (*shipment, error) {
	s := &shipment{id: string(key[1:])}
	if err := json.Unmarshal(value, s); err != nil {
		return nil, fmt.Errorf("%w: shipment %x: %w", ErrRecord, key, err)
	}
	return s, nil
}

// name is the key under which the sender knows the transaction.
func (s *shipment) name() string { return "clearing/" + s.id }

// call is the transaction. One row goes by itself, which costs less than by way of Multicall3.
func (h *House) call(s *shipment) (txmgr.Call, error) {
	to, data, err := h.message(s.rows, nil, len(s.rows) > 1)
	return txmgr.Call{
		To: to, Data: data, Label: fmt.Sprintf("clear %d payments", len(s.rows)), Key: s.name(),
		Gas: s.Gas, MaxFee: h.options.MaxFee, MaxCost: h.options.MaxCost, Confirmations: h.options.Confirmations,
	}, err
}

// carry takes a load to its end.
func (h *House) carry(ctx context.Context, l *load) {
	defer h.unload(l)
	if err := h.know(ctx, l.rows); err != nil {
		h.postpone(ctx, l.rows, awayPause, err)
		return
	}
	if !l.lone {
		h.partWild(l)
	}
	h.leaveDear(ctx, l)
	if len(l.rows) == 0 {
		return
	}
	rows, gas := h.sift(ctx, l)
	if h.keep(l, rows); len(rows) == 0 {
		return
	}
	s := newShipment(l, gas)
	if err := h.write(ctx, h.put(entryKey(shipmentEntry, []byte(s.id)), encode(s))); err != nil {
		h.postpone(ctx, rows, feePause, err)
		return
	}
	h.mu.Lock()
	l.sent = s
	h.mu.Unlock()
	h.sail(ctx, l.ship, s)
}

// partWild sends the rows of a load back that do not go with others.
func (h *House) partWild(l *load) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows := l.rows
	l.rows = nil
	for _, r := range rows {
		if !r.isWild() {
			l.rows = append(l.rows, r)
			continue
		}
		r.lone = true
		h.enqueue(r)
	}
	if len(l.rows) < len(rows) {
		h.rouse()
	}
}

// maxMisses is how many transactions of its own a transfer may fail in, of which the chain had
// said that it would not: a payer's contract may tell a simulation from a block.
const maxMisses = 3

// leaveDear takes rows out of a load for which nothing is spent.
func (h *House) leaveDear(ctx context.Context, l *load) {
	var left []*row
	for _, r := range l.rows {
		if err := h.maySpend(r); err != nil {
			h.refused(ctx, r, err)
			continue
		}
		left = append(left, r)
	}
	h.keep(l, left)
}

// maySpend says why nothing is spent for a row any more, or now.
func (h *House) maySpend(r *row) error {
	if n := r.read().Misses; n >= maxMisses {
		return fmt.Errorf("%w: it failed in %d transactions that were simulated before; nothing more is paid for it", errMissed, n)
	}
	return h.options.May(r.transfer, r.isWild())
}

// keep leaves only some rows in a load.
func (h *House) keep(l *load, rows []*row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.rows = rows
}

var errMissed = errors.New("the transfer fails in blocks")

// sail sends a shipment that is written down, follows it, and books what came of it.
func (h *House) sail(ctx context.Context, ship *ship, s *shipment) {
	call, err := h.call(s)
	var receipt *types.Receipt
	if err == nil {
		receipt, err = ship.Send(ctx, call)
	}
	if err != nil && (ctx.Err() != nil || errors.Is(err, txmgr.ErrClosed)) {
		return // it goes on, and is taken up when the house is opened again
	}
	h.arrive(ctx, ship, s, receipt, err)
	h.strikeShipment(ship, s)
}

// strikeShipment forgets a shipment whose outcome is written down.
func (h *House) strikeShipment(ship *ship, s *shipment) {
	if err := ship.Forget(s.name()); err != nil {
		h.options.Logger.Error("forget a transaction whose outcome is written down", "error", err)
	}
	h.bucket.Submit(entryKey(shipmentEntry, []byte(s.id)), nil) // if it stays, its rows say that it is over
}

// arrive decides about the rows of a shipment.
func (h *House) arrive(ctx context.Context, ship *ship, s *shipment, receipt *types.Receipt, err error) {
	switch {
	case err == nil || errors.Is(err, txmgr.ErrFailed) && receipt != nil:
		h.book(ctx, s, receipt, err)
	case errors.Is(err, chain.ErrFunds):
		h.runsOut(ctx, ship)
		h.postpone(ctx, s.rows, 0, err)
	case errors.Is(err, txmgr.ErrFee), errors.Is(err, txmgr.ErrCost):
		h.postpone(ctx, s.rows, feePause, err)
	case errors.Is(err, txmgr.ErrCancelled):
		h.postpone(ctx, s.rows, stopPause, err)
	default:
		h.postpone(ctx, s.rows, awayPause, err)
	}
}

// book notes what a mined transaction did for each row, and its share of the gas. What is not
// in the receipt is looked for.
func (h *House) book(ctx context.Context, s *shipment, receipt *types.Receipt, failure error) {
	gas := receipt.GasUsed / uint64(len(s.Keys))
	fee := new(big.Int)
	if receipt.EffectiveGasPrice != nil {
		fee.Mul(receipt.EffectiveGasPrice, new(big.Int).SetUint64(gas))
	}
	h.tally.spend(receipt)
	uses, err := h.usesIn(ctx, s, receipt)
	var done []settlement
	var left []*row
	for _, r := range s.rows {
		record := r.read()
		record.spend(gas, fee)
		use, settled := uses[r]
		if !settled {
			r.tell(record, false)
			left = append(left, r)
			continue
		}
		record.settle(use, receipt.BlockHash)
		record.SentBy, record.Sibling = s.Sender, common.Address{}
		done = append(done, settlement{r, record})
	}
	h.conclude(ctx, done...)
	if err != nil {
		h.postpone(ctx, left, awayPause, err) // what is on the chain is found there
		return
	}
	for _, r := range left {
		h.missed(ctx, r, receipt, failure)
	}
}

// usesIn finds the rows of a shipment in its receipt. A permit of Permit2 leaves no trace of its nonce
// there: where not all of them are found, each is asked for that one may have been taken for.
func (h *House) usesIn(ctx context.Context, s *shipment, receipt *types.Receipt) (map[*row]transfer.Use, error) {
	uses, missing := matched(s.rows, receipt)
	if !missing {
		return uses, h.takeEach(uses)
	}
	var used []*row
	for _, r := range s.rows {
		if r.transfer.Method == transfer.EIP3009 {
			used = append(used, r)
			continue
		}
		isUsed, err := r.transfer.Used(ctx, h.options.Client, receipt.BlockNumber)
		if err != nil {
			return nil, err
		}
		if isUsed {
			used = append(used, r)
		}
	}
	uses, _ = matched(used, receipt)
	return uses, h.takeEach(uses)
}

// takeEach has each row stand for its use, and leaves those out that stand for another payment.
func (h *House) takeEach(uses map[*row]transfer.Use) error {
	for r, use := range uses {
		if r.transfer.Method == transfer.EIP3009 {
			continue
		}
		taken, err := h.isTaken(use, r.key)
		if err != nil {
			return err
		}
		if taken {
			delete(uses, r)
		}
	}
	return nil
}

// matched gives each row a use of its own in a receipt, and reports whether a permit has none.
func matched(rows []*row, receipt *types.Receipt) (uses map[*row]transfer.Use, missing bool) {
	uses = make(map[*row]transfer.Use)
	counted := make(map[uint]bool)
	for _, r := range rows {
		use, ok := r.transfer.Outcome(receipt, func(u transfer.Use) bool { return counted[u.Log] })
		if !ok {
			missing = missing || r.transfer.Method != transfer.EIP3009
			continue
		}
		uses[r], counted[use.Log] = use, true
	}
	return uses, missing
}

// missed decides about a row that a mined transaction did not settle. It goes by itself from
// then on: what was wrong with it, if anything is, must not concern others again.
func (h *House) missed(ctx context.Context, r *row, receipt *types.Receipt, failure error) {
	why := fmt.Errorf("it failed in transaction %s", receipt.TxHash)
	if failure != nil {
		why = failure
	}
	record := r.read()
	if h.goesAlone(r) {
		record.Misses++
	}
	h.bucket.Submit(entryKey(openEntry, r.key[:]), record.encode()) // it is durable before the shipment is struck
	r.tell(record, false)
	found, err := h.find(ctx, &record)
	switch {
	case err == nil && found == isOver:
		h.conclude(ctx, settlement{r, record})
		return
	case err == nil && found == isFree:
		h.waste(r, record.Gas)
	case err != nil:
		why = errors.Join(why, err)
	}
	h.options.Logger.Warn("a payment was not settled by its transaction", "payment", r.key, "payer", r.transfer.From, "error", why)
	h.mu.Lock()
	r.lone, r.kind = true, 0
	pause := min(soon<<min(r.attempts, 6), lastRest)
	h.mu.Unlock()
	h.again(r, pause, why.Error())
}
