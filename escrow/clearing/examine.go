package clearing

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// The first and the longest pause before a transfer is tried again that the chain refuses.
const (
	firstRest = 2 * time.Second
	lastRest  = time.Minute
)

// soon is the pause before a transfer is looked for again that is used, not deeply enough or
// by a transaction that is not found.
const soon = time.Second

// refused decides about a row that the chain does not take: somebody has sent it, its payer
// has cancelled it, it has expired, or it is refused as things are.
func (h *House) refused(ctx context.Context, r *row, why error) {
	record := r.read()
	found, err := h.find(ctx, &record)
	switch {
	case err != nil:
		h.postpone(ctx, []*row{r}, awayPause, errors.Join(why, err))
	case found == isFree:
		h.waste(r, record.Gas)
		h.rest(ctx, r, record, h.explain(ctx, r, why))
	case found == isLost && r.attempts >= lostLooks:
		record.State, record.Reason = Failed, "the payer has used the authorization's nonce for something else, or cancelled it"
		h.conclude(ctx, settlement{r, record})
	case found == isOver:
		h.conclude(ctx, settlement{r, record})
	default:
		h.again(r, min(soon<<min(r.attempts, 5), lastRest), "the authorization is used, and by what is not known for good yet")
	}
}

// whereabouts is what the chain says of a transfer.
type whereabouts uint8

const (
	isFree whereabouts = iota // nobody has used it
	isOut                     // it is used, and not settled for good
	isLost                    // it is used, for good, and what has used it is not found
	isOver                    // the record says what became of it
)

// lostLooks is how often a transfer whose nonce is used is looked for, at growing pauses, before
// that it is not found means something: an endpoint's logs may lag behind its states.
const lostLooks = 4

// find looks on the chain for what became of a transfer, and notes it in its record.
func (h *House) find(ctx context.Context, record *Record) (whereabouts, error) {
	t, client := record.Transfer, h.options.Client
	used, err := t.Used(ctx, client, nil)
	if err != nil {
		return isFree, err
	}
	deep, err := h.deepBlock(ctx)
	if err != nil {
		return isOut, err
	}
	if !used {
		return h.findExpired(ctx, record, deep)
	}
	use, err := h.FindUse(ctx, t, 0)
	if use == nil {
		return h.findSpent(ctx, record, deep, err)
	}
	if err != nil || use.Block > deep {
		return isOut, err
	}
	return h.settleAs(ctx, record, use)
}

// deepBlock is the newest block that is deep enough for what is in it to count.
func (h *House) deepBlock(ctx context.Context) (uint64, error) {
	head, err := h.options.Client.BlockNumber(ctx)
	if err != nil || head+1 < h.options.Confirmations {
		return 0, err
	}
	return head + 1 - h.options.Confirmations, nil
}

// findSpent is for a nonce that is used, and a transfer that is not found, with the error of looking for it.
func (h *House) findSpent(ctx context.Context, record *Record, deep uint64, looked error) (whereabouts, error) {
	if looked != nil && !errors.Is(looked, transfer.ErrSpent) {
		return isOut, looked
	}
	used, err := record.Transfer.Used(ctx, h.options.Client, new(big.Int).SetUint64(deep))
	if err != nil || !used {
		return isOut, err
	}
	if looked == nil {
		return isLost, nil
	}
	record.State, record.Reason = Failed, clip(looked.Error())
	return isOver, nil
}

// settleAs notes where a transfer has settled.
func (h *House) settleAs(ctx context.Context, record *Record, use *transfer.Use) (whereabouts, error) {
	receipt, err := h.options.Client.Receipt(ctx, use.Tx)
	if err != nil || receipt == nil {
		return isOut, err
	}
	sender, err := h.options.Client.SentBy(ctx, use.Tx)
	if err != nil {
		return isOut, err
	}
	record.settle(*use, receipt.BlockHash)
	record.SentBy, record.Sibling = sender, h.ownerOf(sender)
	return isOver, nil
}

// explain says why the chain refuses a row, with the sentinel of package transfer where one fits.
func (h *House) explain(ctx context.Context, r *row, why error) error {
	token, err := h.tokenOf(ctx, r.transfer.Token)
	if err != nil {
		return why
	}
	s := transfer.Simulation{Token: token, Sender: h.fleet[0].Address(), Amount: r.amount}
	if r.transfer.Method == transfer.Upto {
		s.Sender = r.transfer.Facilitator
	}
	if _, err := r.transfer.CheckOnChain(ctx, h.options.Client, s); err != nil && !errors.Is(err, chain.ErrUnreachable) {
		return err
	}
	return why
}

// maxTokens is how many tokens are remembered.
const maxTokens = 64

// tokenOf is a token of the chain.
func (h *House) tokenOf(ctx context.Context, address common.Address) (funding.Token, error) {
	h.mu.Lock()
	token, known := h.tokens[address]
	h.mu.Unlock()
	if known {
		return token, nil
	}
	token, err := funding.ReadToken(ctx, h.options.Client, address)
	if err != nil {
		return token, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.tokens) < maxTokens {
		h.tokens[address] = token
	}
	return token, nil
}

// ownerOf is the sibling that a payment belongs to by who has sent it; the zero address is this house.
func (h *House) ownerOf(sender common.Address) common.Address {
	if h.own[sender] {
		return common.Address{}
	}
	for _, sibling := range h.options.Siblings {
		if sibling == sender {
			return sibling
		}
	}
	return h.judge
}

// clockSkew is how far the chain's time may be ahead of ours, at most.
const clockSkew = 5 * time.Minute

// findExpired fails a transfer that nobody has used if a block that is deep enough is past its
// time, and it is unused there.
func (h *House) findExpired(ctx context.Context, record *Record, deep uint64) (whereabouts, error) {
	end := record.Transfer.ValidBefore
	if uint64(max(h.options.Now().Add(clockSkew).Unix(), 0)) < end {
		return isFree, nil
	}
	at := new(big.Int).SetUint64(deep)
	block, err := h.options.Client.Header(ctx, at)
	if err != nil || block.Time <= end {
		return isFree, err
	}
	if used, err := record.Transfer.Used(ctx, h.options.Client, at); err != nil || used {
		return isOut, err
	}
	record.State, record.Reason = Failed, fmt.Sprintf("the authorization has expired at %d, unused", end)
	return isOver, nil
}

// rest tells who waits for a row that the chain refuses it, and has it tried again later. Of
// more than may rest, one is tried again only when it is submitted again.
func (h *House) rest(ctx context.Context, r *row, record Record, why error) {
	record.Reason, record.refusal = clip(why.Error()), why
	h.tally.rejected.Add(1)
	if !h.mayRest(r, record) {
		h.layUp(ctx, r, record)
		return
	}
	h.bucket.Submit(entryKey(openEntry, r.key[:]), record.encode()) // for people: nothing depends on it
	h.rouse()
}

// mayRest lets a row rest that is refused, and reports whether there was room for it.
func (h *House) mayRest(r *row, record Record) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	r.tried = time.Now()
	if h.resting >= h.options.Waiting {
		return false
	}
	r.tell(record, true) // before anybody can take the row up again
	h.resting++
	h.delay(r, resting, h.restOf(r))
	return true
}

// restOf is the pause before a row is tried again. At the end of its time it is looked at once more.
func (h *House) restOf(r *row) time.Duration {
	pause := min(firstRest<<min(r.attempts, 16), lastRest)
	left := time.Unix(int64(min(r.transfer.ValidBefore, 1<<40)), 0).Add(soon).Sub(h.options.Now())
	if left > 0 {
		return min(pause, left)
	}
	return pause
}

// layUp takes a row that is refused out of memory. The store remembers it.
func (h *House) layUp(ctx context.Context, r *row, record Record) {
	err := h.write(context.WithoutCancel(ctx), h.strike(entryKey(openEntry, r.key[:])), h.put(entryKey(closedEntry, r.key[:]), record.encode()))
	if err != nil {
		h.options.Logger.Error("lay a refused payment up", "payment", r.key, "error", err)
	}
	r.tell(record, true)
	h.forget(r)
}

// settlement is a row with the record that says what became of it.
type settlement struct {
	row    *row
	record Record
}

// conclude writes outcomes down and tells them.
func (h *House) conclude(ctx context.Context, done ...settlement) {
	if len(done) == 0 {
		return
	}
	puts := make([]vouchers.Put, 0, 2*len(done))
	for _, s := range done {
		if s.record.State == Failed {
			puts = append(puts, h.strike(entryKey(openEntry, s.row.key[:])), h.put(entryKey(closedEntry, s.row.key[:]), s.record.encode()))
			continue
		}
		puts = append(puts, h.put(entryKey(openEntry, s.row.key[:]), s.record.encode()))
		puts = append(puts, h.stands(s.row, &s.record)...)
	}
	if err := h.write(context.WithoutCancel(ctx), puts...); err != nil {
		for _, s := range done { // what is on the chain is found there again
			h.again(s.row, feePause, err.Error())
		}
		h.options.Logger.Error("payments have an outcome that cannot be written down", "payments", len(done), "error", err)
		return
	}
	h.mu.Lock()
	for _, s := range done {
		h.land(s)
	}
	h.mu.Unlock()
	for _, s := range done {
		if s.record.State == Failed {
			h.waste(s.row, s.record.Gas)
		}
		s.row.tell(s.record, false)
		h.ended(s.row, s.record)
	}
	signal(h.told)
}

// land takes a row with an outcome out of what is open. Called with h.mu held.
func (h *House) land(s settlement) {
	s.row.phase, s.row.attempts = landed, 0
	h.open--
	if s.record.State == Failed {
		h.tally.failed.Add(1)
		delete(h.rows, s.row.key)
		return
	}
	h.tally.settled.Add(1)
	h.trail.add(s.row, &s.record)
}

// clip makes a reason, which a stranger's contract may have written, short and plain.
func clip(reason string) string {
	const most = 300
	if len(reason) > most {
		reason = reason[:most] + "..."
	}
	return plain.Text(reason)
}
