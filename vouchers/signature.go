package vouchers

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/internal/plain"
)

// MaxSignature is the longest signature that is accepted, in bytes: room for the
// ERC-1271 signatures of large multi-signature wallets.
const MaxSignature = 4096

// The two lengths of a signature by a key, in bytes: v stands for itself, or (EIP-2098) its
// parity in the top bit of s.
const (
	PlainLength   = 65
	CompactLength = 64
)

// ErrSignature is what every refusal of a signature wraps.
var ErrSignature = errors.New("invalid signature")

// Signature is a signature exactly as its signer sent it: 65 bytes r, s, v with v
// 27 or 28; 64 bytes of EIP-2098; or what an ERC-1271 wallet takes, up to
// [MaxSignature] bytes.
type Signature []byte

// ParseSignature reads "0x" and an even number of hex digits, up to
// [MaxSignature] bytes. Errors wrap [ErrSignature].
func ParseSignature(s string) (Signature, error) {
	if len(s) < 4 || s[:2] != "0x" || len(s) > 2+2*MaxSignature {
		return nil, fmt.Errorf("%w %q: want 0x and 2 to %d hex digits", ErrSignature, plain.Clip(s), 2*MaxSignature)
	}
	sig, err := hex.DecodeString(s[2:])
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrSignature, plain.Clip(s), err)
	}
	return sig, nil
}

// Hex returns "0x" and lower-case hex digits, or "" for no signature.
func (s Signature) Hex() string {
	if len(s) == 0 {
		return ""
	}
	return "0x" + hex.EncodeToString(s)
}

// String is [Signature.Hex].
func (s Signature) String() string { return s.Hex() }

// MarshalText is [Signature.Hex].
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.Hex()), nil }

// UnmarshalText is [ParseSignature]; empty text is no signature.
func (s *Signature) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = nil
		return nil
	}
	v, err := ParseSignature(string(text))
	if err != nil {
		return err
	}
	*s = v
	return nil
}

// split writes r and s to rs and returns the parity of the signature's point (0
// or 1). It refuses what has no place in a signature by a key.
func (s Signature) split(rs *[64]byte) (parity byte, err error) {
	switch len(s) {
	case PlainLength:
		v := s[64]
		if v != 27 && v != 28 {
			return 0, fmt.Errorf("%w: v is %d, want 27 or 28", ErrSignature, v)
		}
		copy(rs[:], s[:64])
		parity = v - 27
	case CompactLength:
		copy(rs[:], s)
		parity = rs[32] >> 7
		rs[32] &= 0x7f
	default:
		return 0, fmt.Errorf("%w: %d bytes, want 65 or 64", ErrSignature, len(s))
	}
	if bytes.Compare(rs[32:], halfOrder[:]) > 0 {
		return 0, fmt.Errorf("%w: s is in the upper half of the curve's order", ErrSignature)
	}
	return parity, nil
}

// Compact returns the 64 bytes of EIP-2098 of a signature by a key. Errors wrap
// [ErrSignature].
func (s Signature) Compact() (Signature, error) {
	var rs [64]byte
	parity, err := s.split(&rs)
	if err != nil {
		return nil, err
	}
	rs[32] |= parity << 7
	return rs[:], nil
}

// halfOrder is half of the order of secp256k1: the largest s of a canonical signature.
var halfOrder = common.HexToHash("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")

// PublicKey is an uncompressed secp256k1 key: 0x04, x, y.
type PublicKey [65]byte

// Address returns the Ethereum address of the key.
func (k *PublicKey) Address() common.Address {
	return common.BytesToAddress(crypto.Keccak256(k[1:])[12:])
}

// SignDigest signs a digest: 65 bytes r, s, v, with a low s and v 27 or 28.
func SignDigest(key *ecdsa.PrivateKey, digest common.Hash) (Signature, error) {
	sig, err := crypto.Sign(digest[:], key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", digest, err)
	}
	sig[64] += 27
	return sig, nil
}

// SignVoucher signs a voucher as the payer's authorizer does, in 65 bytes.
func (d *Domain) SignVoucher(key *ecdsa.PrivateKey, v Voucher) (Signature, error) {
	return SignDigest(key, d.VoucherDigest(v))
}

// Recover returns the address whose key made sig over digest. It takes 65 or 64
// bytes with a low s and, in 65 bytes, a v of 27 or 28. Errors wrap
// [ErrSignature].
func Recover(digest common.Hash, sig Signature) (common.Address, error) {
	key, err := RecoverKey(digest, sig)
	if err != nil {
		return common.Address{}, err
	}
	return key.Address(), nil
}

// RecoverKey is [Recover] for the public key itself, which checks further
// signatures of the same signer faster than a recovery does.
func RecoverKey(digest common.Hash, sig Signature) (*PublicKey, error) {
	var rs [64]byte
	parity, err := sig.split(&rs)
	if err != nil {
		return nil, err
	}
	raw, err := crypto.Ecrecover(digest[:], append(rs[:], parity))
	if err != nil {
		return nil, fmt.Errorf("%w: no key made it: %w", ErrSignature, err)
	}
	return (*PublicKey)(raw), nil
}

// Verify reports whether key made sig over v, with one check on the curve and no
// allocation. Errors wrap [ErrSignature].
//
// The parity in the signature plays no part in the check: what is valid here is
// redeemable on chain after [Domain.Redeemable].
func (d *Domain) Verify(key *PublicKey, v Voucher, sig Signature) error {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	if _, err := sig.split(&h.rs); err != nil {
		return err
	}
	d.voucherDigest(h, v)
	if !crypto.VerifySignature(key[:], h.digest[:], h.rs[:]) {
		return errNotSigner
	}
	return nil
}

var errNotSigner = fmt.Errorf("%w: not made by the channel's voucher signer over this voucher", ErrSignature)

// Redeemable returns a signature that [Domain.Verify] has accepted in the form in
// which every escrow takes it: 65 bytes, with the parity that leads back to
// signer. Without this, a payer could sign with the wrong parity, be served, and
// never be claimed from.
func (d *Domain) Redeemable(signer common.Address, v Voucher, sig Signature) (Signature, error) {
	var rs [64]byte
	parity, err := sig.split(&rs)
	if err != nil {
		return nil, err
	}
	digest := d.VoucherDigest(v)
	for _, try := range [2]byte{parity, 1 - parity} {
		plain := append(Signature(rs[:]), 27+try)
		if found, err := Recover(digest, plain); err == nil && found == signer {
			return plain, nil
		}
	}
	return nil, errNotSigner
}
