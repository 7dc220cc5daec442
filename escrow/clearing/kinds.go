package clearing

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/transfer"
)

// codeSizes is code that, followed by addresses in 32 bytes each, returns the size of the code
// of each in 32 bytes: one question for a whole batch. A node runs it as the code that would
// create a contract (EVM, no number above 0xff).
var codeSizes = []byte{
	0x60, 34, 0x38, 0x03, // PUSH1 34, CODESIZE, SUB: the addresses' length
	0x80, 0x60, 34, 0x60, 0, 0x39, // DUP1, PUSH1 34, PUSH1 0, CODECOPY: the addresses to memory
	0x80,                       // DUP1: i, from the length down
	0x5b,                       // JUMPDEST (11)
	0x80, 0x15, 0x60, 29, 0x57, // DUP1, ISZERO, PUSH1 29, JUMPI: none is left
	0x60, 32, 0x90, 0x03, // PUSH1 32, SWAP1, SUB: i -= 32
	0x80, 0x51, 0x3b, // DUP1, MLOAD, EXTCODESIZE
	0x81, 0x52, // DUP2, MSTORE: in the place of the address
	0x60, 11, 0x56, // PUSH1 11, JUMP
	0x5b, 0x50, 0x60, 0, 0xf3, // JUMPDEST (29), POP, PUSH1 0, RETURN(0, length)
}

// know finds out whose code would run for rows of which that is not known. A payer can take code on at
// any time (EIP-7702), so this keeps the usual ones together, and what does not fit is told
// by its failing.
func (h *House) know(ctx context.Context, rows []*row) error {
	var asked []*row
	code := bytes.Clone(codeSizes)
	for _, r := range rows {
		if r.kind == 0 {
			asked = append(asked, r)
			code = append(code, common.LeftPadBytes(r.transfer.From[:], 32)...)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	sizes, err := h.options.Client.CallContract(ctx, ethereum.CallMsg{Data: code}, nil)
	if err != nil {
		return fmt.Errorf("ask which of %d payers have code: %w", len(asked), err)
	}
	if len(sizes) != 32*len(asked) {
		return fmt.Errorf("ask which of %d payers have code: %w: %d bytes", len(asked), chain.ErrWrongAnswer, len(sizes))
	}
	for i, r := range asked {
		r.kind = kindOf(r.transfer, sizes[32*i:32*(i+1)])
	}
	return nil
}

// delegation is the size of the code of an account that has delegated it (EIP-7702).
const delegation = 23

func kindOf(t transfer.Transfer, size []byte) transfer.Account {
	n := common.BytesToHash(size).Big()
	switch {
	case n.Sign() == 0 && len(t.Signature) > keySignature:
		return transfer.ByUndeployed
	case n.Sign() == 0:
		return transfer.ByKey
	case n.IsUint64() && n.Uint64() == delegation:
		return transfer.ByDelegate
	}
	return transfer.ByContract
}

// keySignature is the longest signature of a key, in bytes.
const keySignature = 65
