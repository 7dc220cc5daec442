package keys

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
)

// What callers branch on.
var (
	// ErrPublic says that a public key of local chains was to be used on another chain.
	ErrPublic = errors.New("this key is public")
	// ErrUnusable says that a key or its file cannot be used.
	ErrUnusable = errors.New("unusable key")
)

// Signer holds a key. Implementations are safe for concurrent use and never give
// the key away.
type Signer interface {
	// Address is the account of the key.
	Address() common.Address
	// SignHash signs 32 bytes as they are: 65 bytes r, s, v with a low s and v 27 or 28.
	SignHash(ctx context.Context, hash common.Hash) ([]byte, error)
	// SignTx signs a transaction for a chain (EIP-155).
	SignTx(ctx context.Context, tx *types.Transaction, chainID uint64) (*types.Transaction, error)
}

// key is a private key in memory.
type key struct {
	private *ecdsa.PrivateKey
	address common.Address
}

var _ Signer = (*key)(nil)

// NewSigner returns the signer of a private key.
func NewSigner(private *ecdsa.PrivateKey) Signer {
	return &key{private: private, address: crypto.PubkeyToAddress(private.PublicKey)}
}

func (k *key) Address() common.Address { return k.address }

// String keeps the key out of logs.
func (k *key) String() string { return "key of " + k.address.Hex() }

// GoString keeps the key out of logs.
func (k *key) GoString() string { return k.String() }

func (k *key) SignHash(_ context.Context, hash common.Hash) ([]byte, error) {
	signature, err := crypto.Sign(hash[:], k.private)
	if err != nil {
		return nil, fmt.Errorf("sign with the key of %s: %w", k.address, err)
	}
	signature[64] += 27
	return signature, nil
}

func (k *key) SignTx(_ context.Context, tx *types.Transaction, chainID uint64) (*types.Transaction, error) {
	signed, err := types.SignTx(tx, types.LatestSignerForChainID(new(big.Int).SetUint64(chainID)), k.private)
	if err != nil {
		return nil, fmt.Errorf("sign a transaction with the key of %s: %w", k.address, err)
	}
	return signed, nil
}

// FromEnv reads a private key (64 hex digits, 0x or not) from an environment
// variable, and reports false if it is not set. An error, which wraps [ErrUnusable],
// does not show what the variable holds.
func FromEnv(variable string) (Signer, bool, error) {
	text, set := os.LookupEnv(variable)
	if !set || text == "" {
		return nil, false, nil
	}
	private, err := crypto.HexToECDSA(strings.TrimPrefix(strings.TrimSpace(text), "0x"))
	if err != nil {
		return nil, false, fmt.Errorf("%w: %s does not hold a private key of 64 hex digits", ErrUnusable, variable)
	}
	return NewSigner(private), true, nil
}

// devKeys are the first accounts of the mnemonic that anvil and other development
// chains use. Everybody knows them.
var devKeys = [...]string{
	"ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
	"59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
	"5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
	"7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
	"47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
	"8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
	"92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
	"4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
	"dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97",
	"2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6",
}

// DevCount is how many keys [Dev] knows.
const DevCount = len(devKeys)

// Dev returns the i-th public key of local chains, 0 to [DevCount]-1. It panics
// for any other i.
func Dev(i int) Signer {
	private, err := crypto.HexToECDSA(devKeys[i])
	if err != nil {
		panic(fmt.Sprintf("dev key %d: %v", i, err))
	}
	return NewSigner(private)
}

// RefuseDev returns an error that wraps [ErrPublic] if signer holds one of the
// public keys and the chain is not a local one.
func RefuseDev(chainID uint64, signer Signer) error {
	if chain.IsLocal(chainID) {
		return nil
	}
	for i := range devKeys {
		if Dev(i).Address() == signer.Address() {
			return fmt.Errorf("%w: everybody has the key of %s, it is for local chains only, not for chain id %d; make one with `chit wallet new`", ErrPublic, signer.Address(), chainID)
		}
	}
	return nil
}
