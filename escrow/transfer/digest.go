package transfer

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/funding"
)

const (
	tokenPermissionsType = "TokenPermissions(address token,uint256 amount)"
	exactWitnessType     = "Witness(address to,uint256 validAfter)"
	uptoWitnessType      = "Witness(address to,address facilitator,uint256 validAfter)"
	permitTransferType   = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)" + tokenPermissionsType
)

// EIP-712 type hashes of what payers sign.
var (
	transferTypeHash         = crypto.Keccak256Hash([]byte("TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"))
	permitTypeHash           = crypto.Keccak256Hash([]byte("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"))
	tokenPermissionsTypeHash = crypto.Keccak256Hash([]byte(tokenPermissionsType))
	exactWitnessTypeHash     = crypto.Keccak256Hash([]byte(exactWitnessType))
	uptoWitnessTypeHash      = crypto.Keccak256Hash([]byte(uptoWitnessType))
	exactTransferTypeHash    = crypto.Keccak256Hash([]byte(permitTransferType + exactWitnessType))
	uptoTransferTypeHash     = crypto.Keccak256Hash([]byte(permitTransferType + uptoWitnessType))
)

// words is what is hashed, in words of 32 bytes. Nothing here has more than seven.
type words []byte

const word = 32

func newWords(first common.Hash) words { return append(make(words, 0, 7*word), first[:]...) }

func (w words) hash(h common.Hash) words { return append(w, h[:]...) }

func (w words) address(a common.Address) words {
	return append(append(w, make([]byte, word-len(a))...), a[:]...)
}

func (w words) uint(v uint64) words {
	return binary.BigEndian.AppendUint64(append(w, make([]byte, word-8)...), v)
}

func (w words) sum() common.Hash { return crypto.Keccak256Hash(w) }

// seal is the EIP-712 digest of a struct under a domain.
func seal(separator, structHash common.Hash) common.Hash {
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, separator[:], structHash[:])
}

// Digest is what the payer signs: EIP-712's digest of TransferWithAuthorization under the
// token's domain, or of PermitWitnessTransferFrom under Permit2's on the transfer's chain.
func (t Transfer) Digest(token funding.Token) common.Hash {
	if t.Method == EIP3009 {
		return seal(token.Separator, newWords(transferTypeHash).
			address(t.From).address(t.To).uint(uint64(t.Value)).uint(t.ValidAfter).uint(t.ValidBefore).hash(t.Nonce).sum())
	}
	typeHash, witness := exactTransferTypeHash, newWords(exactWitnessTypeHash).address(t.To)
	if t.Method == Upto {
		typeHash, witness = uptoTransferTypeHash, newWords(uptoWitnessTypeHash).address(t.To).address(t.Facilitator)
	}
	permitted := newWords(tokenPermissionsTypeHash).address(t.Token).uint(uint64(t.Value)).sum()
	return seal(funding.Permit2Separator(t.ChainID), newWords(typeHash).
		hash(permitted).address(t.Spender).hash(t.Nonce).uint(t.ValidBefore).hash(witness.uint(t.ValidAfter).sum()).sum())
}

// PermitDigest is what the payer signs for an EIP-2612 permit of the token over the
// transfer's Value with Permit2 as spender.
func (t Transfer) PermitDigest(token funding.Token, nonce, deadline uint64) common.Hash {
	return seal(token.Separator, newWords(permitTypeHash).
		address(t.From).address(funding.Permit2).uint(uint64(t.Value)).uint(nonce).uint(deadline).sum())
}

// Sign fills in the payer's signature.
func (t *Transfer) Sign(ctx context.Context, payer keys.Signer, token funding.Token) error {
	signature, err := payer.SignHash(ctx, t.Digest(token))
	if err != nil {
		return fmt.Errorf("sign the transfer of %s to %s: %w", t.Value, t.To, err)
	}
	t.Signature = signature
	return nil
}

// SignPermit adds an EIP-2612 permit that lets Permit2 move the transfer's Value. The nonce
// is what [funding.Token.PermitNonce] says, the deadline is in Unix seconds.
func (t *Transfer) SignPermit(ctx context.Context, payer keys.Signer, token funding.Token, nonce, deadline uint64) error {
	signature, err := payer.SignHash(ctx, t.PermitDigest(token, nonce, deadline))
	if err != nil {
		return fmt.Errorf("sign the permit of %s for Permit2: %w", t.Value, err)
	}
	t.Permit = &Permit{Nonce: nonce, Deadline: deadline, Signature: signature}
	return nil
}
