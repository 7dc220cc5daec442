package keys

import (
	"bytes"
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts"
	"github.com/ethereum/go-ethereum/accounts/external"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
)

// externalSigner asks a program that keeps the key to itself, such as clef.
type externalSigner struct {
	address common.Address
	wallet  *external.ExternalSigner
}

var _ Signer = (*externalSigner)(nil)

// DialSigner returns a signer that asks the program at a URL, such as clef
// (http://127.0.0.1:8550 or the path of its IPC socket), to sign for an account. It
// signs transactions and nothing else: SignHash returns an error that wraps
// [ErrUnusable], since such programs do not sign what they cannot show.
func DialSigner(url string, address common.Address) (Signer, error) {
	wallet, err := external.NewExternalSigner(url)
	if err != nil {
		return nil, fmt.Errorf("%w: no signer answers for %s: %w; start clef with --rpc, or check its URL", ErrUnusable, address, chain.WithoutURL(err))
	}
	return &externalSigner{address: address, wallet: wallet}, nil
}

func (s *externalSigner) Address() common.Address { return s.address }

func (s *externalSigner) SignHash(context.Context, common.Hash) ([]byte, error) {
	return nil, fmt.Errorf("%w: the external signer of %s signs transactions alone", ErrUnusable, s.address)
}

func (s *externalSigner) SignTx(_ context.Context, tx *types.Transaction, chainID uint64) (*types.Transaction, error) {
	id := new(big.Int).SetUint64(chainID)
	signed, err := s.wallet.SignTx(accounts.Account{Address: s.address}, tx, id)
	if err != nil {
		return nil, fmt.Errorf("sign a transaction with the external signer of %s: %w", s.address, err)
	}
	from, err := types.Sender(types.LatestSignerForChainID(id), signed)
	if err != nil || from != s.address || signed.Nonce() != tx.Nonce() || *signed.To() != *tx.To() ||
		signed.Value().Cmp(tx.Value()) != 0 || !bytes.Equal(signed.Data(), tx.Data()) {
		return nil, fmt.Errorf("%w: the external signer of %s signed another transaction than it was given", ErrUnusable, s.address)
	}
	return signed, nil
}
