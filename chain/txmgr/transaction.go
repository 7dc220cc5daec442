package txmgr

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
)

// transaction makes an unsigned transaction of the sender. Without a priority fee it is
// a legacy one, for a chain that has no base fee, and fee is its gas price.
func (s *Sender) transaction(nonce, gas uint64, to common.Address, data []byte, tip, fee *big.Int) *types.Transaction {
	if tip == nil {
		return types.NewTx(&types.LegacyTx{Nonce: nonce, GasPrice: fee, Gas: gas, To: &to, Data: data})
	}
	return types.NewTx(&types.DynamicFeeTx{
		ChainID: new(big.Int).SetUint64(s.client.ChainID()), Nonce: nonce, GasTipCap: tip, GasFeeCap: fee, Gas: gas, To: &to, Data: data,
	})
}

// suggestLegacy is [Sender.suggest] where there is no base fee: the endpoint's gas
// price, and a quarter more for what is urgent. There is no priority fee.
func (s *Sender) suggestLegacy(ctx context.Context, urgent bool) (base, tip, fee *big.Int, err error) {
	price, err := s.client.GasPrice(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	fee = price
	if urgent {
		fee = new(big.Int).Add(price, new(big.Int).Rsh(price, 2))
	}
	return price, nil, fee, nil
}

// WithOwner says whose account sends, for errors that people read, such as "the
// seller's". The default is "the sender's".
func WithOwner(whose string) Option { return func(s *Sender) { s.owner = whose } }

// poor says whose account cannot pay for a transaction, what it has and what it needs.
func (s *Sender) poor(ctx context.Context, tx *types.Transaction, err error) error {
	if !errors.Is(err, chain.ErrFunds) {
		return err
	}
	has := "an unknown sum"
	if balance, lookup := s.client.Balance(context.WithoutCancel(ctx), s.Address()); lookup == nil {
		has = inCoins(balance)
	}
	return fmt.Errorf("%w: %s account %s has %s of the chain's coin and needs up to %s: send some there: %w", chain.ErrFunds, s.owner, s.Address(), has, inCoins(tx.Cost()), err)
}

// inCoins shows wei as coins of the chain, without trailing zeros.
func inCoins(wei *big.Int) string {
	text := new(big.Rat).SetFrac(wei, big.NewInt(1e18)).FloatString(18)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
