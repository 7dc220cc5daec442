package escrow

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sort"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/internal/failures"
	"github.com/chitpay/chit/vouchers"
)

var createdTopic = crypto.Keccak256Hash([]byte("ChannelCreated(bytes32,(address,address,address,address,address,uint40,bytes32))"))

// Search is where to look for the channels of a payer.
type Search struct {
	// Payer is who pays from them.
	Payer common.Address
	// From is the first block to look at; 0 is that of the escrow's deployment, or the
	// first of all where the endpoint does not keep states that old.
	From uint64
	// Found is called with every channel that was opened by the payer, once each. An
	// error is one of the search, which goes on.
	Found func(vouchers.ChannelConfig) error
	// Reached is called now and then with the block that was looked at last, and the
	// last one to look at. It may be nil.
	Reached func(block, last uint64)
}

// Search reads the escrow's log for every channel that a payer has ever opened, empty
// ones too. A block whose log the endpoint does not give is in the error, and is passed
// over. Where the chain does not answer, the error says from which block to go on.
func (c *Contract) Search(ctx context.Context, s Search) error {
	last, err := c.client.BlockNumber(ctx)
	if err != nil {
		return fmt.Errorf("search the log of escrow %s: %w", c.deployment, err)
	}
	from := s.From
	if from == 0 {
		from = c.deployedAt(ctx, last)
	}
	known := make(map[vouchers.ChannelID]bool)
	var found []vouchers.ChannelConfig
	var failed failures.List
	err = c.EachLog(ctx, chain.LogScan{
		From: from, To: last, Topics: [][]common.Hash{{createdTopic}},
		Take: func(log *types.Log) {
			if config, ok := c.openedBy(s.Payer, log); ok && !known[c.domain.ChannelID(config)] {
				known[c.domain.ChannelID(config)] = true
				found = append(found, config)
			}
		},
		Reached: func(block uint64) error {
			for _, config := range found {
				failed.Add(s.Found(config))
			}
			found, from = nil, block+1
			if s.Reached != nil {
				s.Reached(block, last)
			}
			return nil
		},
		Crowded: func(block uint64, refusal error) error {
			failed.Add(fmt.Errorf("the log of block %d was not searched, another endpoint may give it: %w", block, refusal))
			return nil
		},
	})
	if err != nil {
		err = fmt.Errorf("from block %d on: %w", from, err)
	}
	if err = errors.Join(failed.Err(), err); err != nil {
		return fmt.Errorf("search the log of escrow %s: %w", c.deployment, err)
	}
	return nil
}

// openedBy reads the channel that a log is about. A log that does not add up to its own
// channel id is passed over.
func (c *Contract) openedBy(payer common.Address, log *types.Log) (vouchers.ChannelConfig, bool) {
	event, err := c.abi.UnpackChannelCreatedEvent(log)
	if err != nil || log.Address != c.deployment.Escrow || event.Config.Payer != payer || !event.Config.WithdrawDelay.IsUint64() {
		return vouchers.ChannelConfig{}, false
	}
	config := vouchers.ChannelConfig{
		Payer: event.Config.Payer, PayerAuthorizer: event.Config.PayerAuthorizer,
		Receiver: event.Config.Receiver, ReceiverAuthorizer: event.Config.ReceiverAuthorizer,
		Token: event.Config.Token, WithdrawDelay: event.Config.WithdrawDelay.Uint64(), Salt: event.Config.Salt,
	}
	return config, c.domain.ChannelID(config) == vouchers.ChannelID(event.ChannelId)
}

// deployedAt is the first block that has the escrow, up to last; 0 where the endpoint
// cannot tell.
func (c *Contract) deployedAt(ctx context.Context, last uint64) uint64 {
	ask, unknown := c.abi.PackChannels(vouchers.ChannelID{}), false
	block := sort.Search(int(last), func(n int) bool {
		if unknown {
			return true
		}
		_, err := c.call(ctx, ask, big.NewInt(int64(n)))
		unknown = err != nil && !errors.Is(err, chain.ErrNoContract)
		return err == nil
	})
	if unknown {
		return 0
	}
	return uint64(block)
}
