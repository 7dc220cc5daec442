package txmgr

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
)

// Journal is where a sender writes down what it sends. Put and Delete are durable
// on return. A journal belongs to one key on one chain.
type Journal interface {
	Put(key, value []byte) error
	Delete(key []byte) error
	// ForEach visits every entry. Key and value are only valid during the call.
	ForEach(visit func(key, value []byte) error) error
}

type noJournal struct{}

func (noJournal) Put(_, _ []byte) error                       { return nil }
func (noJournal) Delete([]byte) error                         { return nil }
func (noJournal) ForEach(func(key, value []byte) error) error { return nil }

// The first byte of a journal's keys.
const (
	flightEntry = 'f' // and the nonce in 8 bytes: an entry
	doneEntry   = 'd' // and the call's key: the hash of the transaction that did it
)

// entry is a flight as the journal holds it.
type entry struct {
	Label   string          `json:"label"`
	Key     string          `json:"key,omitempty"`
	Urgent  bool            `json:"urgent,omitempty"`
	MaxFee  *big.Int        `json:"maxFee,omitempty"`
	MaxCost *big.Int        `json:"maxCost,omitempty"`
	Txs     []hexutil.Bytes `json:"txs"` // signed, in the order of their signing
}

func (f *flight) journalKey() []byte {
	return binary.BigEndian.AppendUint64([]byte{flightEntry}, f.nonce)
}

func doneKey(key string) []byte { return append([]byte{doneEntry}, key...) }

func (f *flight) encode() []byte {
	e := entry{Label: f.Label, Key: f.Key, Urgent: f.Urgent, MaxFee: f.MaxFee, MaxCost: f.MaxCost}
	for _, tx := range f.txs {
		raw, err := tx.MarshalBinary()
		if err != nil {
			panic(fmt.Sprintf("encode a signed transaction: %v", err)) // it was made here
		}
		e.Txs = append(e.Txs, raw)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("encode a journal entry: %v", err)) // strings and bytes alone
	}
	return raw
}

// errJournal says that a journal cannot be read.
var errJournal = errors.New("unreadable journal")

func decodeFlight(value []byte) (*flight, error) {
	var e entry
	if err := json.Unmarshal(value, &e); err != nil {
		return nil, fmt.Errorf("%w: %w", errJournal, err)
	}
	if len(e.Txs) == 0 {
		return nil, fmt.Errorf("%w: %q has no transaction", errJournal, e.Label)
	}
	txs := make([]*types.Transaction, len(e.Txs))
	for i, raw := range e.Txs {
		txs[i] = new(types.Transaction)
		if err := txs[i].UnmarshalBinary(raw); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", errJournal, e.Label, err)
		}
		if txs[i].To() == nil || txs[i].Nonce() != txs[0].Nonce() {
			return nil, fmt.Errorf("%w: %q: the transactions are not of one call", errJournal, e.Label)
		}
	}
	call := Call{To: *txs[0].To(), Data: txs[0].Data(), Label: e.Label, Key: e.Key, Urgent: e.Urgent, MaxFee: e.MaxFee, MaxCost: e.MaxCost}
	return newFlight(call, txs...), nil
}

// ReadPending lists the transactions that a journal holds, which no sender has open.
func ReadPending(j Journal) ([]Pending, error) {
	all := []Pending{}
	err := j.ForEach(func(key, value []byte) error {
		if len(key) == 0 || key[0] != flightEntry {
			return nil
		}
		f, err := decodeFlight(value)
		if err == nil {
			f.since = time.Time{} // that is not written down
			all = append(all, f.pending())
		}
		return err
	})
	return all, err
}

// resume takes up what the journal holds. A transaction that was written down and
// never broadcast is broadcast now: it was meant to happen.
func (s *Sender) resume(ctx context.Context) error {
	var flights []*flight
	err := s.journal.ForEach(func(key, value []byte) error {
		switch {
		case len(key) > 0 && key[0] == doneEntry && len(value) == common.HashLength:
			s.done[string(key[1:])] = common.Hash(value)
			return nil
		case len(key) > 0 && key[0] == flightEntry:
			f, err := decodeFlight(value)
			flights = append(flights, f)
			return err
		}
		return fmt.Errorf("%w: key %x", errJournal, key)
	})
	if err != nil {
		return err
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	for _, f := range flights {
		if f.newest().ChainId().Uint64() != s.client.ChainID() {
			return fmt.Errorf("%w: %q is for chain id %s, this is %d", chain.ErrChainID, f.Label, f.newest().ChainId(), s.client.ChainID())
		}
		if receipt, err := s.client.Receipt(ctx, f.newest().Hash()); err != nil {
			return err
		} else if receipt == nil {
			_ = s.client.Broadcast(ctx, f.newest()) // mined under another fee, or tried again when it is stuck
		}
		s.follow(f)
	}
	return nil
}
