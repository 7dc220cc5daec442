package transfer

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
)

// ErrSpent says that the nonce went to another transfer of the payer's, or that the payer
// cancelled it: this one cannot happen any more.
var ErrSpent = errors.New("the payer has used the nonce for something else")

// MaxSearch is how many blocks [Transfer.FindUse] looks at, at most.
const MaxSearch = 50_000

// maxCandidates is how many transfers between the two one search looks into, at most.
const maxCandidates = 64

var (
	authorizationUsedTopic     = eventTopic("AuthorizationUsed(address,bytes32)")
	authorizationCanceledTopic = eventTopic("AuthorizationCanceled(address,bytes32)")
	transferTopic              = eventTopic("Transfer(address,address,uint256)")
)

func eventTopic(signature string) common.Hash { return crypto.Keccak256Hash([]byte(signature)) }

// Used reports whether the nonce is used up as of a block, nil for the latest: by this
// transfer or another of the payer's, or because the payer cancelled it. An error says that
// it is not known.
func (t Transfer) Used(ctx context.Context, client *chain.Client, block *big.Int) (bool, error) {
	var used bool
	var err error
	if t.Method == EIP3009 {
		used, err = funding.AuthorizationUsed(ctx, client, t.Token, t.From, t.Nonce, block)
	} else {
		used, err = funding.Permit2NonceUsed(ctx, client, t.From, t.Nonce.Big(), block)
	}
	if err != nil {
		return false, fmt.Errorf("ask whether nonce %s of %s is used: %w", t.Nonce, t.From, err)
	}
	return used, nil
}

// FindUse looks for the transaction that made the transfer, whoever sent it, from a block on
// to the latest, of which it looks at the last [MaxSearch]. Nil and no error says that there
// is none; [ErrSpent] that there is one which has used the nonce otherwise, which only
// EIP-3009 logs: a permit whose nonce is [Transfer.Used] and that is not found went
// elsewhere. Every other error says that it is not known. Where a permit of Permit2 has to be told from others of the
// same payer, payee and amount, the endpoint must have the states of their blocks.
func (t Transfer) FindUse(ctx context.Context, client *chain.Client, from uint64, counted Counted) (*Use, error) {
	last, err := client.BlockNumber(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the transfer of %s: %w", t.Value, err)
	}
	if last >= MaxSearch {
		from = max(from, last-MaxSearch+1)
	}
	logs, err := t.candidates(ctx, client, from, last)
	if err != nil {
		return nil, fmt.Errorf("look for the transfer of %s from block %d on: %w", t.Value, from, err)
	}
	for _, log := range logs {
		use, err := t.useIn(ctx, client, log, counted)
		if use != nil || err != nil {
			return use, err
		}
	}
	return nil, nil
}

// candidates are the logs of what may be the transfer: of its nonce, or of every transfer
// between the two where the nonce leaves none.
func (t Transfer) candidates(ctx context.Context, client *chain.Client, from, to uint64) ([]types.Log, error) {
	topics := [][]common.Hash{{transferTopic}, {common.BytesToHash(t.From[:])}, {common.BytesToHash(t.To[:])}}
	if t.Method == EIP3009 {
		topics = [][]common.Hash{{authorizationUsedTopic, authorizationCanceledTopic}, {common.BytesToHash(t.From[:])}, {t.Nonce}}
	}
	var found []types.Log
	err := client.EachLog(ctx, new(chain.Span), chain.LogScan{
		Contract: t.Token, From: from, To: to, Topics: topics,
		Take: func(log *types.Log) {
			if !log.Removed && log.Address == t.Token {
				found = append(found, *log)
			}
		},
		Reached: func(block uint64) error {
			if len(found) > maxCandidates {
				return fmt.Errorf("%w: up to block %d there are %d transfers between the two, look from a later block on", chain.ErrQuery, block, len(found))
			}
			return nil
		},
		Crowded: func(_ uint64, refusal error) error { return refusal },
	})
	return found, err
}

// useIn is the use that a log belongs to, or nil.
func (t Transfer) useIn(ctx context.Context, client *chain.Client, log types.Log, counted Counted) (*Use, error) {
	if t.Method != EIP3009 {
		if spends, err := t.spentIn(ctx, client, log.BlockNumber); err != nil || !spends {
			return nil, err
		}
	}
	receipt, err := client.Receipt(ctx, log.TxHash)
	if err != nil {
		return nil, err
	}
	if receipt == nil {
		return nil, fmt.Errorf("%w: it gives a log of %s and no receipt", chain.ErrWrongAnswer, log.TxHash)
	}
	if use, ok := t.Outcome(receipt, counted); ok {
		return &use, nil
	}
	if t.Method == EIP3009 {
		return nil, fmt.Errorf("%w: in transaction %s", ErrSpent, log.TxHash)
	}
	return nil, nil
}

// spentIn reports whether the nonce of a permit was used in a block.
func (t Transfer) spentIn(ctx context.Context, client *chain.Client, block uint64) (bool, error) {
	used, err := t.Used(ctx, client, bigOf(block))
	if err != nil || !used || block == 0 {
		return false, err
	}
	before, err := t.Used(ctx, client, bigOf(block-1))
	if errors.Is(err, chain.ErrNoContract) { // Permit2 is younger
		return true, nil
	}
	return !before, err
}
