package watch

import (
	"context"
	"maps"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
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

// earner is for whom a compact claim was booked: only these two together have the say
// over its channels. Anybody may open a channel that has one of the names.
type earner struct{ receiver, authorizer common.Address }

// watched is what a scan looks for: the earners of the ledger's channels, and the
// channels themselves as long as a query can name them all.
type watched struct {
	earners map[earner]struct{}
	named   []common.Hash // channels and receivers; nil where they are too many
}

// maxNamed is how many channels and receivers a query names at most.
const maxNamed = 500

// watching is what the ledger knows of now.
func (w *Watcher) watching() watched {
	of := watched{earners: make(map[earner]struct{})}
	receivers := make(map[common.Address]struct{})
	for _, t := range w.ledger.Terms() {
		if t.Deployment == w.contract.Deployment() {
			of.earners[earner{t.Receiver, t.ReceiverAuthorizer}] = struct{}{}
			receivers[t.Receiver] = struct{}{}
		}
	}
	if w.ledger.Len()+len(receivers) > maxNamed {
		return of
	}
	of.named = make([]common.Hash, 0, maxNamed)
	for receiver := range receivers {
		of.named = append(of.named, common.BytesToHash(receiver[:]))
	}
	for ch := range w.ledger.Channels() {
		if ch.Deployment == w.contract.Deployment() {
			of.named = append(of.named, common.Hash(ch.ID))
		}
	}
	return of
}

// topics ask for events of what is watched; those of others that a query cannot leave
// out are passed over when they come.
func (of watched) topics(events []common.Hash) [][]common.Hash {
	if len(events) == 1 && events[0] == compactClaimTopic {
		return of.claims()
	}
	if of.named == nil {
		return [][]common.Hash{events}
	}
	return [][]common.Hash{events, of.named}
}

// claims ask for compact claims alone.
func (of watched) claims() [][]common.Hash {
	receivers, authorizers := make(map[common.Hash]struct{}), make(map[common.Hash]struct{})
	for e := range of.earners {
		receivers[common.BytesToHash(e.receiver[:])] = struct{}{}
		authorizers[common.BytesToHash(e.authorizer[:])] = struct{}{}
	}
	return [][]common.Hash{{compactClaimTopic}, slices.Collect(maps.Keys(receivers)), slices.Collect(maps.Keys(authorizers))}
}

// touched is what logs are about: channels, and earners of compact claims with the
// latest block. All says that some log could not be read.
type touched struct {
	channels map[vouchers.ChannelID]struct{}
	earners  map[earner]uint64
	all      bool
}

// scan collects the known channels that the logs of a range of blocks touch, both
// ends included. A block that has more of them than the endpoint gives is asked for
// each event apart, and if that is still too much, every channel is to be read.
func (w *Watcher) scan(ctx context.Context, from, to uint64, events []common.Hash, into *touched) error {
	of := w.watching()
	if len(of.earners) == 0 { // no channel is known
		return nil
	}
	return w.contract.EachLog(ctx, chain.LogScan{
		From: from, To: to, Topics: of.topics(events),
		Take:    func(log *types.Log) { w.touch(log, of, into) },
		Reached: func(uint64) error { return nil },
		Crowded: func(block uint64, refusal error) error { return w.apart(ctx, block, of, events, into, refusal) },
	})
}

// apart asks for each event of a crowded block alone.
func (w *Watcher) apart(ctx context.Context, block uint64, of watched, events []common.Hash, into *touched, refusal error) error {
	for _, event := range events {
		err := w.contract.EachLog(ctx, chain.LogScan{
			From: block, To: block, Topics: of.topics([]common.Hash{event}),
			Take:    func(log *types.Log) { w.touch(log, of, into) },
			Reached: func(uint64) error { return nil },
			Crowded: func(uint64, error) error { into.all = true; return nil },
		})
		if err != nil {
			return err
		}
	}
	if into.all {
		w.options.logger.Error("a block has more events of the escrow than the endpoint gives, which somebody may do on purpose: every channel is read instead; an endpoint without such a limit costs less",
			"escrow", w.contract.Deployment(), "block", block, "error", refusal)
	}
	return nil
}

func (w *Watcher) touch(log *types.Log, of watched, into *touched) {
	if len(log.Topics) < 2 || log.Address != w.contract.Deployment().Escrow {
		return
	}
	if log.Topics[0] != compactClaimTopic {
		into.channels[vouchers.ChannelID(log.Topics[1])] = struct{}{}
		return
	}
	if len(log.Topics) < 3 {
		return
	}
	by := earner{common.BytesToAddress(log.Topics[1][:]), common.BytesToAddress(log.Topics[2][:])}
	if _, ours := of.earners[by]; ours {
		into.earners[by] = max(into.earners[by], log.BlockNumber)
	}
}

// readTouched brings the ledger's view of the channels up to date. A compact claim
// does not name its channels: every one that it could have claimed is read, unless
// this process has looked at it since.
func (w *Watcher) readTouched(ctx context.Context, at uint64, t *touched) error {
	if t.all {
		return w.each(ctx, at, func(ledger.Channel) bool { return true }, w.take(ctx))
	}
	if len(t.earners) > 0 {
		for ch := range w.ledger.Channels() {
			block, claimed := t.earners[earner{ch.Config.Receiver, ch.Config.ReceiverAuthorizer}]
			if claimed && ch.Ceiling > ch.Claimed && ch.Block < block {
				t.channels[ch.ID] = struct{}{}
			}
		}
	}
	return w.readAll(ctx, at, func(yield func(ledger.Channel) bool) {
		for id := range t.channels {
			ch, known := w.ledger.Channel(id)
			if known && ch.Deployment == w.contract.Deployment() && !yield(ch) {
				return
			}
		}
	}, w.take(ctx))
}
