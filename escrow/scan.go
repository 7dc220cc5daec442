package escrow

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
)

// How many blocks one query for logs covers at most, and beyond how many reading
// every channel is cheaper than reading the logs.
const (
	maxRange = 2_000
	maxGap   = 100_000
)

func topic(signature string) common.Hash { return crypto.Keccak256Hash([]byte(signature)) }

// The events that change a channel. All but the compact claim name it.
var (
	depositedTopic    = topic("Deposited(bytes32,address,uint128,uint128)")
	compactClaimTopic = topic("CompactClaimed(address,address,address,address,uint128,uint256,uint256)")

	depositsAlone = []common.Hash{depositedTopic}
	allEvents     = []common.Hash{
		depositedTopic,
		compactClaimTopic,
		topic("Claimed(bytes32,address,uint128,uint128)"),
		topic("Refunded(bytes32,address,uint128)"),
		topic("WithdrawInitiated(bytes32,uint128,uint40)"),
		topic("WithdrawFinalized(bytes32,address,uint128)"),
	}
)

// touched is what logs are about: channels, and receivers for whom somebody made a
// compact claim, with its block.
type touched struct {
	channels  map[vouchers.ChannelID]struct{}
	receivers map[common.Address]uint64
}

// scan collects the known channels that the logs of a range of blocks touch, both
// ends included.
func (w *Watcher) scan(ctx context.Context, from, to uint64, events []common.Hash, into *touched) error {
	return w.contract.eachLog(ctx, from, to, events, func(log *types.Log) { w.touch(log, into) }, func(uint64) error { return nil })
}

// eachLog hands over the logs of a range of blocks, both ends included, in the order of
// the chain, and tells after each query up to which block that was. A range that the
// endpoint refuses is halved.
func (c *Contract) eachLog(ctx context.Context, from, to uint64, events []common.Hash, take func(*types.Log), reached func(block uint64) error) error {
	size := uint64(maxRange)
	for from <= to {
		end := min(to, from+size-1)
		logs, err := c.client.Logs(ctx, ethereum.FilterQuery{
			FromBlock: new(big.Int).SetUint64(from), ToBlock: new(big.Int).SetUint64(end),
			Addresses: []common.Address{c.deployment.Escrow}, Topics: [][]common.Hash{events},
		})
		if err != nil {
			if size = (end - from + 1) / 2; size == 0 || ctx.Err() != nil {
				return err
			}
			continue
		}
		for i := range logs {
			take(&logs[i])
		}
		if err := reached(end); err != nil {
			return err
		}
		from, size = end+1, min(2*size, maxRange)
	}
	return nil
}

func (w *Watcher) touch(log *types.Log, into *touched) {
	if len(log.Topics) < 2 || log.Address != w.contract.deployment.Escrow {
		return
	}
	if log.Topics[0] == compactClaimTopic {
		receiver := common.BytesToAddress(log.Topics[1][:])
		into.receivers[receiver] = max(into.receivers[receiver], log.BlockNumber)
		return
	}
	into.channels[vouchers.ChannelID(log.Topics[1])] = struct{}{}
}

// readTouched brings the ledger's view of the channels up to date. A compact claim
// does not name its channels: every one that it could have claimed is read, unless
// this process has looked at it since.
func (w *Watcher) readTouched(ctx context.Context, at uint64, t *touched) error {
	if len(t.receivers) > 0 {
		for ch := range w.ledger.Channels() {
			if block, claimed := t.receivers[ch.Config.Receiver]; claimed && ch.Ceiling > ch.Claimed && ch.Block < block {
				t.channels[ch.ID] = struct{}{}
			}
		}
	}
	batch := make([]vouchers.Channel, 0, min(len(t.channels), statesPerCall))
	for id := range t.channels {
		if ch, known := w.ledger.Channel(id); known && ch.Deployment == w.contract.deployment {
			batch = append(batch, ch)
		}
		if len(batch) == statesPerCall {
			if err := w.readBatch(ctx, at, batch, w.take(ctx)); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return w.readBatch(ctx, at, batch, w.take(ctx))
}
