package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// Channel is a snapshot of a channel. Amounts are atomic units.
type Channel struct {
	ID         vouchers.ChannelID
	Deployment vouchers.Deployment
	Config     vouchers.ChannelConfig
	// Balance is what the escrow holds for the channel: deposits less refunds and
	// withdrawals, not less claims.
	Balance vouchers.Amount
	// Claimed is what was claimed on chain.
	Claimed vouchers.Amount
	// Charged is the sum of all charges that are durable: what may be claimed.
	Charged vouchers.Amount
	// Reserved is set aside for calls in flight.
	Reserved vouchers.Amount
	// Aside is set aside for credit tokens.
	Aside vouchers.Amount
	// Ceiling is the highest ceiling that the payer signed, and Signature its
	// signature. A channel that was charged before its vouchers were lost has a
	// Ceiling without a Signature.
	Ceiling   vouchers.Amount
	Signature vouchers.Signature
	// Burnt is the highest ceiling that was ever in a transaction: such a voucher, and any
	// below it, is good for nothing any more (see [Ledger.Burn]).
	Burnt vouchers.Amount
	// Offset is what a payer counts above what it was charged, because a voucher with
	// that much to spare is burnt. It is never charged.
	Offset vouchers.Amount
	// Quiet is the highest ceiling that a claim may publish while the channel is in use
	// (see [Ledger.Redeem]); 0 if there is none. [Ledger.Channel] and [Ledger.Channels] tell it.
	Quiet      vouchers.Amount
	Withdrawal vouchers.Withdrawal
	// RefundNonce is the escrow's nonce for the channel's next refund.
	RefundNonce uint64
	// Block is the number of the block of the last [vouchers.ChainState].
	Block    uint64
	InFlight int
	Frozen   bool
	// Stopped says that the channel takes no payments (see [Stop]).
	Stopped bool
	// Doubted says that the channel may have been charged more than is known here: the store
	// was restored, and the payer has not paid since.
	Doubted bool
	Updated time.Time
	// Used is when a voucher was last taken, or when the channel became known if none was.
	Used time.Time
}

// Claimable returns what was charged and not yet claimed, in atomic units.
func (c Channel) Claimable() vouchers.Amount { return c.Charged.Minus(c.Claimed) }

// Count returns the sum, in atomic units, that the payer's next voucher has to be
// signed over: what was charged, what is set aside for credit tokens, and the offset.
// It is never below Burnt.
func (c Channel) Count() vouchers.Amount { return c.Charged + c.Aside + c.Offset }

// Missing returns what was charged and is not in the channel, in atomic units: it cannot
// be claimed unless the payer deposits again.
func (c Channel) Missing() vouchers.Amount { return c.Charged.Minus(c.Balance) }

// IsForeign reports whether so much claimed, in atomic units, is more than the ledger can
// have claimed itself.
func (c Channel) IsForeign(claimed vouchers.Amount) bool {
	return claimed > c.Claimed && (claimed > c.Burnt || claimed > c.Charged)
}

// Spendable returns what the balance leaves for further calls, in atomic units:
// the balance less a pending withdrawal, what was charged, and what is set aside
// for calls in flight and for credit tokens.
func (c Channel) Spendable() vouchers.Amount {
	return c.Balance.Minus(c.Withdrawal.Amount).Minus(c.Charged).Minus(c.Reserved).Minus(c.Aside)
}

// leaving says for people what will leave, and when, of a withdrawal that is pending.
func leaving(w vouchers.Withdrawal) string {
	return fmt.Sprintf("%s leave the channel at %s", w.Amount, time.Unix(int64(w.FinalizeAfter), 0).UTC().Format(time.RFC3339))
}

// terms are interned: a million channels of one seller share one.
type terms struct {
	vouchers.Terms
	domain  *vouchers.Domain
	watched *atomic.Int64 // as of when the views are the escrow's, in Unix seconds; 0 if nobody says
}

// channel is the ledger's state of a channel, packed: what an idle channel does
// not need is behind busy.
type channel struct {
	id         vouchers.ChannelID
	terms      *terms
	payer      common.Address
	authorizer common.Address
	salt       common.Hash
	key        atomic.Pointer[vouchers.PublicKey] // of the voucher signer, once it is known

	mu          sync.Mutex // guards what follows; held for microseconds, never while anything is awaited
	balance     vouchers.Amount
	claimed     vouchers.Amount
	charged     vouchers.Amount // durable charges alone
	ceiling     vouchers.Amount
	burnt       vouchers.Amount // the highest ceiling that was in a transaction
	refundNonce uint32
	updated     uint32                       // Unix seconds
	proof       [vouchers.CompactLength]byte // of the signature for ceiling, unless it is in busy.blob
	block       uint48
	proofForm   byte // what else there is to the signature
	notes       byte // parityKnown, doubted, unmarked
	busy        *activity
}

// uint48 is a number of 48 bits, for which there is room.
type uint48 [6]byte

func (u uint48) value() uint64 {
	return uint64(u[0])<<40 | uint64(u[1])<<32 | uint64(binary.BigEndian.Uint32(u[2:]))
}

// narrow returns v, or the largest number that fits.
func narrow(v uint64) (u uint48) {
	v = min(v, 1<<48-1)
	u[0], u[1] = byte(v>>40), byte(v>>32)
	binary.BigEndian.PutUint32(u[2:], uint32(v))
	return u
}

// The values of channel.proofForm; 27 and 28 are the v of a plain signature.
const (
	noProof      = 0
	compactProof = 1
	blobProof    = 2
)

// activity is what a channel needs while it is used.
type activity struct {
	turn sync.Mutex // of the charge that is being submitted; taken before the channel's mu

	// reserved is the sum of the prices of calls in flight. Of this, committing
	// is the sum of charges that were submitted and are not yet known to be durable.
	reserved, committing vouchers.Amount
	inFlight             int
	waiting              int // callers that wait for a call in flight
	// aside is set aside for credit tokens and free to be drawn; drawn is what calls
	// in flight have drawn from it, which is part of reserved.
	aside, drawn vouchers.Amount
	offset       vouchers.Amount // of the payer's count, because of what is burnt
	used         uint32          // Unix seconds; 0 is the same as updated
	rungs        rungs
	withdrawal   vouchers.Withdrawal
	blob         []byte
	frozen       bool
	stopped      bool            // see [Stop]
	highestNonce uint32          // of refunds, before a reorganization took some back
	since        vouchers.Amount // what was charged while the channel is in doubt
	restoring    *Reservation    // the evidence that is on its way to the disk
	slot         vouchers.Slot
	ceilings     ceilings
	identified   map[vouchers.AnswerKey]*Reservation // calls in flight with an identifier
}

// active returns ch.busy, which it makes if there is none. Called with ch.mu held.
func (ch *channel) active() *activity {
	if ch.busy == nil {
		ch.busy = &activity{ceilings: ceilings{floor: ch.ceiling}}
	}
	return ch.busy
}

func (ch *channel) config() vouchers.ChannelConfig {
	return vouchers.ChannelConfig{
		Payer: ch.payer, PayerAuthorizer: ch.authorizer,
		Receiver: ch.terms.Receiver, ReceiverAuthorizer: ch.terms.ReceiverAuthorizer,
		Token: ch.terms.Token, WithdrawDelay: ch.terms.WithdrawDelay, Salt: ch.salt,
	}
}

// is reports whether the channel has this config in this deployment, without the
// two hashes that its id would take.
func (ch *channel) is(d *vouchers.Deployment, c *vouchers.ChannelConfig) bool {
	t := ch.terms
	return c.Payer == ch.payer && c.PayerAuthorizer == ch.authorizer && c.Salt == ch.salt &&
		c.Receiver == t.Receiver && c.ReceiverAuthorizer == t.ReceiverAuthorizer && c.Token == t.Token &&
		c.WithdrawDelay == t.WithdrawDelay && *d == t.Deployment
}

// setProof keeps sig as the signature for ch.ceiling. Called with ch.mu held.
func (ch *channel) setProof(sig []byte) {
	ch.notes &^= parityKnown
	switch {
	case len(sig) == vouchers.PlainLength && (sig[64] == 27 || sig[64] == 28):
		copy(ch.proof[:], sig)
		ch.proofForm = sig[64]
	case len(sig) == vouchers.CompactLength:
		copy(ch.proof[:], sig)
		ch.proofForm = compactProof
	case len(sig) == 0:
		ch.proofForm = noProof
	default:
		ch.active().blob = append([]byte(nil), sig...)
		ch.proofForm = blobProof
	}
}

// touch notes that the channel is updated, which is no use of it. Called with ch.mu held.
func (ch *channel) touch(seconds uint32) {
	if a := ch.active(); a.used == 0 {
		a.used = ch.updated
	}
	ch.updated = seconds
}

// getProof returns the signature for ch.ceiling. Called with ch.mu held.
func (ch *channel) getProof() vouchers.Proof {
	switch ch.proofForm {
	case noProof:
		return vouchers.Proof{}
	case blobProof:
		return vouchers.NewProof(ch.busy.blob)
	case compactProof:
		return vouchers.CompactProof(&ch.proof)
	default:
		return vouchers.PlainProof(&ch.proof, ch.proofForm)
	}
}

// with returns what is charged together with more, as far as the payer has signed
// for it: all of it, unless a claim that this ledger knew nothing of has used the
// ceiling up while calls were in flight. Called with ch.mu held.
func (ch *channel) with(more vouchers.Amount) vouchers.Amount {
	return ch.charged + min(more, ch.ceiling.Minus(ch.charged))
}

// record returns what is to be durable: every charge that was submitted is part
// of it, whether it is already known to be durable or not. Called with ch.mu held.
func (ch *channel) record(r *vouchers.Record) {
	*r = vouchers.Record{
		ID: ch.id, Terms: &ch.terms.Terms, Payer: ch.payer, PayerAuthorizer: ch.authorizer, Salt: ch.salt,
		Balance: ch.balance, Claimed: ch.claimed, Charged: ch.charged, Ceiling: ch.ceiling,
		Proof: ch.getProof(), Burnt: ch.burnt, RefundNonce: uint64(ch.refundNonce), Block: ch.block.value(), Updated: ch.updated, Used: ch.updated,
	}
	if a := ch.busy; a != nil {
		r.Charged = ch.with(a.committing)
		r.Aside = a.aside + a.drawn
		r.Offset = a.offset
		r.Withdrawal = a.withdrawal
		if a.used != 0 {
			r.Used = a.used
		}
	}
}

// restore fills a new channel from its record.
func (ch *channel) restore(r *vouchers.Record, t *terms) {
	ch.terms, ch.payer, ch.authorizer, ch.salt = t, r.Payer, r.PayerAuthorizer, r.Salt
	ch.balance, ch.claimed, ch.charged, ch.ceiling = r.Balance, r.Claimed, r.Charged, r.Ceiling
	ch.burnt, ch.refundNonce, ch.block, ch.updated = r.Burnt, nonce32(r.RefundNonce), narrow(r.Block), r.Updated
	ch.setProof(r.Proof.Bytes())
	if r.Aside != 0 || r.Offset != 0 || r.Withdrawal != (vouchers.Withdrawal{}) {
		a := ch.active()
		a.aside, a.offset, a.withdrawal = r.Aside, r.Offset, r.Withdrawal
	}
	if r.Charged > r.Claimed && r.Updated-min(r.Used, r.Updated) > unusedFor {
		ch.active().used = r.Used
	}
	ch.level()
}

// unusedFor is by how many seconds an update must be later than the last use for the
// ledger to remember both of a channel that it opens with: most need no more than one.
const unusedFor = 60

// nonce32 returns a refund nonce, or the largest that fits.
func nonce32(v uint64) uint32 { return uint32(min(v, math.MaxUint32)) }

// snapshot is called with ch.mu held.
func (ch *channel) snapshot() Channel {
	proof := ch.getProof()
	c := Channel{
		ID: ch.id, Deployment: ch.terms.Deployment, Config: ch.config(),
		Balance: ch.balance, Claimed: ch.claimed, Charged: ch.charged, Ceiling: ch.ceiling,
		Signature: proof.Signature(), Burnt: ch.burnt, RefundNonce: uint64(ch.refundNonce), Block: ch.block.value(),
		Doubted: ch.noted(doubted), Updated: time.Unix(int64(ch.updated), 0).UTC(),
	}
	c.Used = c.Updated
	if a := ch.busy; a != nil {
		c.Reserved, c.Aside, c.Offset, c.Withdrawal = a.reserved, a.aside, a.offset, a.withdrawal
		c.InFlight, c.Frozen, c.Stopped = a.inFlight, a.frozen, a.stopped
		if a.used != 0 {
			c.Used = time.Unix(int64(a.used), 0).UTC()
		}
	}
	return c
}
