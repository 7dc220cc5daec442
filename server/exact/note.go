package exact

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// note is what is kept with a transfer: what it was for.
type note struct {
	// Request is what was asked for, and Sold the answer, packed, until the charge is in the
	// history.
	Request common.Hash `json:"request"`
	Sold    []byte      `json:"sold,omitempty"`
	// Trusted says that the answer did not wait, and Answered that it is charged, so that it may
	// have left.
	Trusted  bool `json:"trusted,omitempty"`
	Answered bool `json:"answered,omitempty"`
}

// errNote says that what is kept with a transfer cannot be read.
var errNote = errors.New("what a transfer was for cannot be read")

func (n *note) encode() []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", n, err)) // bytes and flags alone
	}
	return raw
}

func readNote(raw []byte) (n note, err error) {
	if err := json.Unmarshal(raw, &n); err != nil {
		return n, fmt.Errorf("%w: %w", errNote, err)
	}
	return n, nil
}

// answerKey is what the answer to a payment is kept under.
func answerKey(key common.Hash) vouchers.AnswerKey { return vouchers.AnswerKey(key) }
