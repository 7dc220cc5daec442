package transfer

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/vouchers"
)

// The standard's proxies of Permit2, at their addresses on every public chain.
var (
	// ExactProxy moves what was permitted, for anybody.
	ExactProxy = abigen.ExactPermit2ProxyAddress
	// UptoProxy moves up to what was permitted, for the facilitator that the payer named.
	UptoProxy = abigen.UptoPermit2ProxyAddress
)

// Method is how a transfer moves.
type Method uint8

const (
	// EIP3009 is the token's transferWithAuthorization.
	EIP3009 Method = iota + 1
	// Permit2 is a permit of Permit2 that [ExactProxy] spends.
	Permit2
	// Upto is a permit of Permit2 that [UptoProxy] spends, up to its amount.
	Upto
)

// String names the method.
func (m Method) String() string {
	switch m {
	case EIP3009:
		return "EIP-3009"
	case Permit2:
		return "Permit2"
	case Upto:
		return "Permit2 up to an amount"
	}
	return fmt.Sprintf("method %d", uint8(m))
}

func (m Method) known() bool { return m >= EIP3009 && m <= Upto }

// Proxy is the contract that a permit of the method must name as its spender; the zero
// address for [EIP3009], which has none.
func (m Method) Proxy() common.Address {
	switch m {
	case Permit2:
		return ExactProxy
	case Upto:
		return UptoProxy
	}
	return common.Address{}
}

// Transfer is a payment as its payer has signed it. Nothing in it is checked.
type Transfer struct {
	// Method is how it moves.
	Method Method
	// ChainID is the EIP-155 id of the chain that it moves on, Token the ERC-20 that moves.
	ChainID uint64
	Token   common.Address
	// From pays and has signed, To is paid.
	From, To common.Address
	// Value is what moves, or for [Upto] the most that may, in atomic units.
	Value vouchers.Amount
	// ValidAfter and ValidBefore bound the time of the transfer, in Unix seconds. EIP-3009
	// excludes both moments; Permit2 includes both, as its witness's validAfter and its
	// deadline.
	ValidAfter, ValidBefore uint64
	// Nonce is what can be used once: EIP-3009's bytes32, or Permit2's uint256 in 32 bytes,
	// the highest first.
	Nonce common.Hash
	// Spender is the proxy that the permit is for, and Facilitator, with [Upto], the account
	// that may send it. They mean nothing to [EIP3009].
	Spender, Facilitator common.Address
	// Signature is the payer's over [Transfer.Digest]: 65 or 64 bytes by its key, what its
	// contract takes (ERC-1271), or that wrapped with its contract's deployment (ERC-6492).
	Signature vouchers.Signature
	// Permit lets Permit2 move the tokens first (EIP-2612); nil is none.
	Permit *Permit
}

// Permit is an EIP-2612 permit of the token that lets Permit2 move a transfer's Value: the
// proxies take one over no other amount.
type Permit struct {
	// Nonce is the token's for the payer's permits.
	Nonce uint64
	// Deadline is the last moment at which it is good, in Unix seconds.
	Deadline uint64
	// Signature is the payer's over [Transfer.PermitDigest].
	Signature vouchers.Signature
}

// NewNonce returns a random nonce.
func NewNonce() common.Hash {
	var nonce common.Hash
	_, _ = rand.Read(nonce[:]) // crypto/rand.Read never returns an error
	return nonce
}

// Key tells the authorization from every other one that can be used once: for EIP-3009 by
// chain, token, payer and nonce, for Permit2, whose nonces count for all tokens and both
// proxies, by chain, payer and nonce. Two transfers of one key cannot both happen.
func (t Transfer) Key() common.Hash {
	contract := t.Token
	if t.Method != EIP3009 {
		contract = common.Address{}
	}
	var chain [8]byte
	binary.BigEndian.PutUint64(chain[:], t.ChainID)
	return crypto.Keccak256Hash(chain[:], contract[:], t.From[:], t.Nonce[:])
}
