package vouchers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/internal/plain"
)

// ErrStoreFailed is what every error of a store that can no longer write wraps.
// Nothing is accepted from then on: the cause must be mended and the process
// started again.
var ErrStoreFailed = errors.New("the store failed")

// ErrStoreFull is what the Err of a store wraps whose disk is full. No payments are accepted
// until there is room again; what was submitted is not lost, and becomes durable then.
var ErrStoreFull = errors.New("the store has no room left on its disk")

// ErrStoreClosed is what a store answers after its Close.
var ErrStoreClosed = errors.New("the store is closed")

// ErrNotAttested is what the Err of a store wraps whose history cannot be attested, since
// whoever signs does not. No payments are accepted until it does; what was submitted is not
// lost, and becomes durable then.
var ErrNotAttested = errors.New("the receipts cannot be signed")

// ErrUpdate is what an update is refused with that no store can keep, which is a
// mistake of whoever made it. The store goes on.
var ErrUpdate = errors.New("malformed update")

// Store keeps what the ledger must not forget. Implementations are safe for
// concurrent use; package storetest holds what each of them must pass.
//
// Updates become durable in the order in which they were submitted: what is
// durable is always a prefix of what was submitted, and each update is durable
// whole or not at all. The first failure to write ends the store: it is reported
// to every update that was not yet durable, and to every later one. A full disk is no
// failure: updates wait until there is room.
type Store interface {
	// Load calls visit for every channel, in any order. The record is only valid
	// during the call. An error of visit ends the load and is returned.
	Load(ctx context.Context, visit func(*Record) error) error
	// Submit queues an update and returns at once, without touching the disk.
	Submit(u Update) Ticket
	// Answer returns the answer that was kept under key, if there is one. An
	// answer past its time may still be returned.
	Answer(key AnswerKey) (a Answer, found bool, err error)
	// Bucket returns the named key-value space of another room. The name is part
	// of the file's format; writes to one that [Put.Validate] refuses fail.
	Bucket(name string) Bucket
	// Attest says who attests what is added to the history. It is to be called before the first
	// entry is submitted, and may be called again.
	Attest(attest Attest)
	// History is what was sold.
	History() History
	// Err returns nil while the store can write, or an error that wraps
	// [ErrStoreFailed], [ErrStoreFull], [ErrNotAttested] or [ErrStoreClosed].
	Err() error
	// Close makes everything submitted durable and releases the store.
	Close() error
}

// Ticket is a promise that an update will be durable.
type Ticket interface {
	// Wait returns nil once the update is durable, an error that wraps
	// [ErrStoreFailed] or [ErrStoreClosed] once it is known that it may not be,
	// [ErrUpdate] if it will not be, or the context's error if that comes first,
	// which decides nothing.
	Wait(ctx context.Context) error
}

// Bucket is a small key-value space of one room. Keys are not empty. Writes ride
// the store's group commit.
type Bucket interface {
	// Get returns a copy of the value, or nil if there is none.
	Get(key []byte) ([]byte, error)
	// Put is durable on return. A nil value is stored as an empty one.
	Put(ctx context.Context, key, value []byte) error
	// Delete is durable on return; deleting what is not there is no error.
	Delete(ctx context.Context, key []byte) error
	// Submit queues a write, or a deletion if value is nil, and returns at once.
	Submit(key, value []byte) Ticket
	// ForEach calls visit for every key with this prefix (nil: every key), in the
	// order of the keys, on one consistent view. Key and value are only valid
	// during the call, which must not write to the store. An error of visit ends
	// the walk and is returned. A bucket that nobody has written to is empty.
	ForEach(prefix []byte, visit func(key, value []byte) error) error
	// Last returns copies of the last key with this prefix (nil: of all), in the order
	// of the keys, and of its value; nil if there is none.
	Last(prefix []byte) (key, value []byte, err error)
}

// Update is what becomes durable together.
type Update struct {
	// Record is the state of a channel, if Slot is not nil.
	Record Record
	// Slot is the store's own note on the channel of Record, one for each channel,
	// which lets it write once what was updated many times.
	Slot *Slot
	// Answer is kept if it is not nil. The store keeps Answer.Body, which must
	// not change afterwards.
	Answer *Answer
	// Entry is added to the history if it is not nil.
	Entry *Entry
	// Puts are writes to the buckets of other rooms.
	Puts []Put
}

// Slot is where a store notes that a channel's record is already queued. It is
// the store's alone.
type Slot struct {
	Batch uint64
	Index int
	// Known says that the store was given the whole record in this process.
	Known bool
}

// Put is a write to another room's bucket, or a deletion if Value is nil. Key and
// Value must not change after they were submitted.
type Put struct {
	Bucket     string
	Key, Value []byte
}

// The sizes of the longest name of a bucket and of the largest key and value of
// a [Put], in bytes.
const (
	MaxBucketName = 64
	MaxKey        = 1 << 15
	MaxValue      = 1 << 28
)

// Validate refuses a put that no store can keep, with an error that wraps
// [ErrUpdate].
func (p Put) Validate() error {
	switch {
	case !isBucketName(p.Bucket):
		return fmt.Errorf("%w: bucket name %q: want 1 to %d lower-case letters, digits and dashes", ErrUpdate, plain.Clip(p.Bucket), MaxBucketName)
	case len(p.Key) == 0 || len(p.Key) > MaxKey:
		return fmt.Errorf("%w: a key of %d bytes in bucket %s: want 1 to %d", ErrUpdate, len(p.Key), p.Bucket, MaxKey)
	case len(p.Value) > MaxValue:
		return fmt.Errorf("%w: a value of %d bytes in bucket %s: at most %d", ErrUpdate, len(p.Value), p.Bucket, MaxValue)
	}
	return nil
}

// ValidatePuts is [Put.Validate] of each.
func ValidatePuts(puts []Put) error {
	for _, p := range puts {
		if err := p.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func isBucketName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= MaxBucketName
}

// Terms are what many channels have in common.
type Terms struct {
	Deployment         Deployment
	Receiver           common.Address
	ReceiverAuthorizer common.Address
	Token              common.Address
	WithdrawDelay      uint64 // seconds
}

// Record is the durable state of a channel.
type Record struct {
	ID              ChannelID
	Terms           *Terms
	Payer           common.Address
	PayerAuthorizer common.Address
	Salt            common.Hash

	// Balance and Claimed are the escrow's view, Charged, Aside and Ceiling the
	// ledger's; all in atomic units.
	Balance, Claimed, Charged, Aside, Ceiling Amount
	// Proof is the payer's signature for Ceiling.
	Proof Proof
	// Burnt is the highest ceiling that was in a transaction, Offset what the payer counts
	// above what it was charged because of that; in atomic units.
	Burnt, Offset Amount
	Withdrawal    Withdrawal
	RefundNonce   uint64
	// Block is the number of the block that Balance and Claimed were read at.
	Block uint64
	// Updated and Used, which is when a voucher was last taken, are in Unix seconds.
	Updated, Used uint32
}

// Config returns the channel's config.
func (r *Record) Config() ChannelConfig {
	return ChannelConfig{
		Payer: r.Payer, PayerAuthorizer: r.PayerAuthorizer,
		Receiver: r.Terms.Receiver, ReceiverAuthorizer: r.Terms.ReceiverAuthorizer,
		Token: r.Terms.Token, WithdrawDelay: r.Terms.WithdrawDelay, Salt: r.Salt,
	}
}

// Proof is a [Signature] of which the usual lengths take no memory of their own.
type Proof struct {
	plain [PlainLength]byte
	n     uint8  // bytes of plain in use
	blob  []byte // instead of plain, for other lengths
}

// NewProof returns the proof that holds sig; it may share its memory.
func NewProof(sig Signature) Proof {
	if len(sig) != PlainLength && len(sig) != CompactLength {
		return Proof{blob: sig}
	}
	p := Proof{n: uint8(len(sig))}
	copy(p.plain[:], sig)
	return p
}

// CompactProof is [NewProof] of 64 bytes.
func CompactProof(rs *[CompactLength]byte) Proof {
	p := Proof{n: CompactLength}
	copy(p.plain[:], rs[:])
	return p
}

// PlainProof is [NewProof] of 65 bytes.
func PlainProof(rs *[CompactLength]byte, v byte) Proof {
	p := Proof{n: PlainLength}
	copy(p.plain[:], rs[:])
	p.plain[CompactLength] = v
	return p
}

// Bytes returns the signature where it is, which must not be changed; nil if there is none.
func (p *Proof) Bytes() []byte {
	if p.n > 0 {
		return p.plain[:p.n]
	}
	return p.blob
}

// Signature returns a copy of the signature, nil if there is none.
func (p *Proof) Signature() Signature {
	if p.Len() == 0 {
		return nil
	}
	return p.AppendTo(make(Signature, 0, p.Len()))
}

// Len returns the length of the signature in bytes.
func (p *Proof) Len() int { return int(p.n) + len(p.blob) }

// AppendTo appends the signature to b.
func (p *Proof) AppendTo(b []byte) []byte {
	return append(append(b, p.plain[:p.n]...), p.blob...)
}

// AnswerKey names an answer: the digest of a channel and a payment identifier.
type AnswerKey [32]byte

// Answer is what a paid call was answered with, kept so that the same payment
// gets the same answer again.
type Answer struct {
	Key AnswerKey
	// Fingerprint and Ceiling tell the same payment from another one under the
	// same identifier.
	Fingerprint [32]byte
	Ceiling     Amount
	// Expires is when the answer may be forgotten, to the second.
	Expires time.Time
	// Omitted says that the answer was too large to keep.
	Omitted bool
	Body    []byte
}
