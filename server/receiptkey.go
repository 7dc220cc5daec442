package server

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// receiptKeyBucket holds the key that signs receipts where the shop's own cannot.
const receiptKeyBucket = "receipt-key"

// receiptSigner is who signs receipts: the shop's key, which is the receiver authorizer
// of its channels; or, where an external signer keeps that and signs transactions alone,
// a key of the store's own.
func (s *Shop) receiptSigner(ctx context.Context, own keys.Signer) (receipts.Signer, error) {
	if _, err := own.SignHash(ctx, crypto.Keccak256Hash([]byte("can this key sign receipts?"))); err == nil {
		return own, nil
	}
	signer, err := keptSigner(ctx, s.Store.Bucket(receiptKeyBucket))
	if err != nil {
		return nil, fmt.Errorf("the key that signs receipts: %w", err)
	}
	s.logger.Info("the shop's key signs transactions alone; receipts are signed by a key of the store", "signer", signer.Address(), "authorizer", own.Address())
	return signer, nil
}

// keptSigner is the signer of the key in a bucket, which is made if there is none.
func keptSigner(ctx context.Context, bucket vouchers.Bucket) (keys.Signer, error) {
	name := []byte("1")
	secret, err := bucket.Get(name)
	if err != nil {
		return nil, err
	}
	if secret != nil {
		private, err := crypto.ToECDSA(secret)
		if err != nil {
			return nil, fmt.Errorf("%w: what the store holds is none", keys.ErrUnusable)
		}
		return keys.NewSigner(private), nil
	}
	private, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	if err := bucket.Put(ctx, name, crypto.FromECDSA(private)); err != nil {
		return nil, err
	}
	return keys.NewSigner(private), nil
}
