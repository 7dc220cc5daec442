package clearing

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// State is what is known of a payment.
type State uint8

const (
	// Accepted is written down; what becomes of it is not known yet.
	Accepted State = iota + 1
	// Settled is in a block that is deep enough.
	Settled
	// Failed cannot happen any more: the transfer has expired unused, or its payer has
	// cancelled it.
	Failed
)

// String names the state.
func (s State) String() string {
	switch s {
	case Accepted:
		return "accepted"
	case Settled:
		return "settled"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Record is a payment and what is known of it.
type Record struct {
	// Transfer is what the payer has signed, and Amount what is to move of it, in atomic units.
	Transfer transfer.Transfer `json:"-"`
	Amount   vouchers.Amount   `json:"amount"`
	// Note is the caller's own, which is kept with it and written once: [House.Look], [House.Each] and
	// what is told of an outcome have it.
	Note []byte `json:"-"`
	// Accepted is when it was submitted.
	Accepted time.Time `json:"accepted"`
	State    State     `json:"state"`
	// Reason is why the chain has refused an Accepted one when it was last tried, or why one
	// has Failed. It may contain what strangers' contracts have written.
	Reason string `json:"reason,omitempty"`

	// What follows says where it has Settled. BlockHash tells whether the block still is one.
	Transaction common.Hash `json:"transaction,omitzero"`
	Block       uint64      `json:"block,omitempty"`
	BlockHash   common.Hash `json:"blockHash,omitzero"`
	// Log is the index in the block of the token's event that says so.
	Log uint `json:"log,omitempty"`
	// Moved is what the payee has got, in atomic units.
	Moved vouchers.Amount `json:"moved,omitempty"`
	// SentBy is the account that sent the transaction: a sender of this house, or anybody.
	SentBy common.Address `json:"sentBy,omitzero"`
	// Sibling is the server of the same seller that the payment belongs to, named by one of
	// its keys; the zero address is this one. See [Options.Siblings].
	Sibling common.Address `json:"sibling,omitzero"`

	// Misses is how many transactions of its own it has failed in.
	Misses int `json:"misses,omitempty"`
	// Gas is what all attempts to settle it have used, in gas units, and Fee what they have
	// cost, in wei: its share where it went with others.
	Gas uint64   `json:"gas,omitempty"`
	Fee *big.Int `json:"fee,omitempty"`

	refusal error // what Reason is the text of, in this process
}

// isSame reports whether a record is of a payment, to the last bit of its signature: who knows
// what was signed alone must not get its answer.
func (r *Record) isSame(t transfer.Transfer, amount vouchers.Amount) bool {
	ours, err := r.Transfer.MarshalBinary()
	theirs, err2 := t.MarshalBinary()
	return err == nil && err2 == nil && r.Amount == amount && bytes.Equal(ours, theirs)
}

// settle notes in which transaction it has moved, in a block with a hash.
func (r *Record) settle(use transfer.Use, block common.Hash) {
	r.State, r.Reason, r.refusal = Settled, "", nil
	r.Transaction, r.Block, r.BlockHash, r.Log, r.Moved = use.Tx, use.Block, block, use.Log, use.Moved
}

// spend adds a share of what a transaction has used.
func (r *Record) spend(gas uint64, fee *big.Int) {
	r.Gas += gas
	if r.Fee == nil {
		r.Fee = new(big.Int)
	}
	r.Fee = new(big.Int).Add(r.Fee, fee)
}

// clone is a copy that shares nothing that changes.
func (r *Record) clone() Record {
	c := *r
	c.Note = slices.Clone(r.Note)
	if r.Fee != nil {
		c.Fee = new(big.Int).Set(r.Fee)
	}
	return c
}

// The first byte of the keys of the bucket.
const (
	openEntry     = 'a' // and the payment's key: a record that is not final
	closedEntry   = 'r' // and the payment's key: one that is, or that is only tried when it is submitted again
	noteEntry     = 'n' // and the payment's key: its note
	pruneEntry    = 'x' // and when the record is struck in 8 bytes of Unix seconds, and the payment's key
	shipmentEntry = 's' // and the shipment's id: a shipment
	useEntry      = 'u' // and a block in 8 bytes, a transaction, and a log in 8 bytes: the key of the payment that was settled there
)

func entryKey(kind byte, key []byte) []byte { return append([]byte{kind}, key...) }

// expiryKey is the entry by which a payment is struck some time after its transfer cannot be used: of a
// permit, whose use another one could be taken for, when none that was good beside it can be either.
func expiryKey(t transfer.Transfer, key common.Hash) []byte {
	kept := keptAfter
	if t.Method != transfer.EIP3009 {
		kept += MaxValidity
	}
	return pruneKey(t.ValidBefore+uint64(kept/time.Second), key)
}

func pruneKey(at uint64, key common.Hash) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{pruneEntry}, at), key[:]...)
}

// stored is a record as the store has it.
type stored struct {
	*Record
	Transfer []byte `json:"transfer"`
}

func (r *Record) encode() []byte {
	signed, err := r.Transfer.MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("encode a transfer: %v", err)) // one that cannot be is not accepted
	}
	return encode(stored{r, signed})
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // numbers, strings and bytes alone
	}
	return raw
}

func decodeRecord(raw []byte) (r Record, err error) {
	s := stored{Record: &r}
	if err = json.Unmarshal(raw, &s); err == nil {
		err = r.Transfer.UnmarshalBinary(s.Transfer)
	}
	if err == nil && (r.State < Accepted || r.State > Failed) {
		err = fmt.Errorf("it is in %s", r.State)
	}
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return r, nil
}
