package escrow

import (
	"context"
	"fmt"
	"math/big"
	"sync/atomic"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// Contract is one escrow on one chain. It is safe for concurrent use.
type Contract struct {
	client     *chain.Client
	abi        *abigen.Escrow
	deployment vouchers.Deployment
	domain     *vouchers.Domain
	span       chain.Span
	compact    atomic.Pointer[bool] // whether it has the compact claim path; nil until it was asked
}

// At returns the escrow at an address of the client's chain. It makes no call.
func At(client *chain.Client, address common.Address) *Contract {
	deployment := vouchers.Deployment{ChainID: client.ChainID(), Escrow: address}
	return &Contract{
		client:     client,
		abi:        abigen.NewEscrow(),
		deployment: deployment,
		domain:     vouchers.NewDomain(deployment),
	}
}

// Client is what the contract is read through.
func (c *Contract) Client() *chain.Client { return c.client }

// Deployment names the escrow and its chain.
func (c *Contract) Deployment() vouchers.Deployment { return c.deployment }

// Domain is the EIP-712 domain under which the escrow checks vouchers.
func (c *Contract) Domain() *vouchers.Domain { return c.domain }

// HasCompactClaim asks the escrow whether it takes claims from tightly packed
// calldata (ERC-165). An escrow that does not know the question has not.
func (c *Contract) HasCompactClaim(ctx context.Context) (bool, error) {
	if known := c.compact.Load(); known != nil {
		return *known, nil
	}
	has := false
	raw, err := c.call(ctx, c.abi.PackSupportsInterface(abigen.CompactClaimInterfaceID), nil)
	if err == nil {
		has, err = c.abi.UnpackSupportsInterface(raw)
	}
	if err != nil && !chain.IsRevert(err) {
		return false, fmt.Errorf("ask escrow %s for its claim paths: %w", c.deployment, err)
	}
	c.compact.Store(&has)
	return has, nil
}

// EachLog looks at the escrow's logs, as [chain.Client.EachLog] does.
func (c *Contract) EachLog(ctx context.Context, s chain.LogScan) error {
	s.Contract = c.deployment.Escrow
	return c.client.EachLog(ctx, &c.span, s)
}

// Settleable returns what was claimed for a receiver and not yet transferred to it.
func (c *Contract) Settleable(ctx context.Context, receiver, token common.Address) (vouchers.Amount, error) {
	claimed, settled, err := c.Totals(ctx, receiver, token)
	if err != nil {
		return 0, err
	}
	return vouchers.AmountFromBig(new(big.Int).Sub(claimed, settled))
}

// Totals returns what was ever claimed for a receiver and what of it was transferred, in atomic units.
func (c *Contract) Totals(ctx context.Context, receiver, token common.Address) (claimed, settled *big.Int, err error) {
	raw, err := c.call(ctx, c.abi.PackReceivers(receiver, token), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("read what receiver %s can settle: %w", receiver, err)
	}
	totals, err := c.abi.UnpackReceivers(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read what receiver %s can settle: %w", receiver, err)
	}
	return totals.TotalClaimed, totals.TotalSettled, nil
}

func (c *Contract) call(ctx context.Context, data []byte, block *big.Int) ([]byte, error) {
	raw, err := c.client.CallContract(ctx, ethereum.CallMsg{To: &c.deployment.Escrow, Data: data}, block)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("%w at %s: check the address, or run `chit deploy`", chain.ErrNoContract, c.deployment)
	}
	return raw, nil
}

func abiConfig(c vouchers.ChannelConfig) abigen.ChannelConfig {
	return abigen.ChannelConfig{
		Payer:              c.Payer,
		PayerAuthorizer:    c.PayerAuthorizer,
		Receiver:           c.Receiver,
		ReceiverAuthorizer: c.ReceiverAuthorizer,
		Token:              c.Token,
		WithdrawDelay:      new(big.Int).SetUint64(c.WithdrawDelay),
		Salt:               c.Salt,
	}
}
