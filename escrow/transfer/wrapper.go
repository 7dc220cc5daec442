package transfer

import (
	"bytes"
	"fmt"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// wrapperMark ends every signature that is wrapped as ERC-6492 says.
var wrapperMark = bytes.Repeat([]byte{0x64, 0x92}, 16)

// wrapperBody is what stands before the mark.
var wrapperBody = abi.Arguments{{Type: mustType("address")}, {Type: mustType("bytes")}, {Type: mustType("bytes")}}

func mustType(name string) abi.Type {
	t, err := abi.NewType(name, "", nil)
	if err != nil {
		panic(fmt.Sprintf("abi type %s: %v", name, err))
	}
	return t
}

// wrapped is a signature with the call that deploys the contract which takes it.
type wrapped struct {
	factory   common.Address
	data      []byte
	signature vouchers.Signature
}

func isWrapped(signature vouchers.Signature) bool { return bytes.HasSuffix(signature, wrapperMark) }

// unwrap reads what is wrapped. Errors wrap [ErrSignatureForm].
func unwrap(signature vouchers.Signature) (wrapped, error) {
	values, err := wrapperBody.Unpack(bytes.TrimSuffix(signature, wrapperMark))
	if err != nil {
		return wrapped{}, fmt.Errorf("%w: it ends as ERC-6492 says and does not begin so: %w", ErrSignatureForm, err)
	}
	w := wrapped{values[0].(common.Address), values[1].([]byte), values[2].([]byte)}
	if len(w.signature) == 0 || isWrapped(w.signature) {
		return wrapped{}, fmt.Errorf("%w: ERC-6492 wraps no signature here", ErrSignatureForm)
	}
	return w, nil
}

// Wrap wraps a signature of a contract that is not deployed as ERC-6492 says: who is called
// with what to deploy it, and the signature that it takes then.
func Wrap(factory common.Address, data []byte, signature vouchers.Signature) (vouchers.Signature, error) {
	body, err := wrapperBody.Pack(factory, data, []byte(signature))
	if err != nil {
		return nil, fmt.Errorf("wrap a signature of %d bytes: %w", len(signature), err)
	}
	return append(body, wrapperMark...), nil
}
