package transfer

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// Account is who answers for a signature, as far as it is known.
type Account uint8

const (
	// ByKey is an account whose key has signed, which can be told without the chain.
	ByKey Account = iota + 1
	// ByDelegate is such an account that has delegated its code (EIP-7702): tokens ask the
	// code, which may say no to its own key.
	ByDelegate
	// ByContract is a contract that is asked (ERC-1271).
	ByContract
	// ByUndeployed is a contract that is deployed first, by what came with the signature
	// (ERC-6492).
	ByUndeployed
)

// What one transfer may cost in a transaction of its own, in gas units. Who pays for gas
// refuses what takes more: a contract of the payer's may use all that it is given.
const (
	// KeyGas is for an account with a key alone: no code of a stranger runs.
	KeyGas = 250_000
	// ContractGas is for one whose code is asked: enough for a passkey that is checked on a
	// chain without a precompile for it.
	ContractGas = 750_000
	// DeployGas is for one whose contract is deployed first.
	DeployGas = 2_000_000
)

// MaxGas is what a transfer of such an account may cost in a transaction of its own, in gas
// units.
func (a Account) MaxGas() uint64 {
	switch a {
	case ByKey:
		return KeyGas
	case ByUndeployed:
		return DeployGas
	}
	return ContractGas
}

// NeedsChain reports whether only the chain can tell that the signature is good.
func (a Account) NeedsChain() bool { return a != ByKey }

// RunsCode reports whether the payer's own code runs when the transfer settles. It may use
// all the gas of its transaction, and make another one's transfer in it fail.
func (a Account) RunsCode() bool { return a != ByKey }

// String names the kind.
func (a Account) String() string {
	switch a {
	case ByKey:
		return "an account with a key"
	case ByDelegate:
		return "an account with delegated code"
	case ByContract:
		return "a contract"
	case ByUndeployed:
		return "a contract to be deployed"
	}
	return fmt.Sprintf("account %d", uint8(a))
}

// signer tells who answers for the signature, in memory. A signature that is not by the
// payer's key is one that its contract may take.
func (t Transfer) signer(token funding.Token) (Account, error) {
	if len(t.Signature) == 0 || len(t.Signature) > vouchers.MaxSignature {
		return 0, fmt.Errorf("%w: it has %d bytes, want 1 to %d", ErrSignatureForm, len(t.Signature), vouchers.MaxSignature)
	}
	if isWrapped(t.Signature) {
		if _, err := unwrap(t.Signature); err != nil {
			return 0, err
		}
		return ByUndeployed, nil
	}
	if signed(t.Digest(token), t.Signature, t.From) {
		return ByKey, nil
	}
	return ByContract, nil
}

// signed reports whether the key of an account has made a signature.
func signed(digest common.Hash, signature vouchers.Signature, by common.Address) bool {
	signer, err := vouchers.Recover(digest, signature)
	return err == nil && signer == by
}
