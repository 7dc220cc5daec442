package escrow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// BatchGas is the most gas that a batch is planned for, in gas units: below the
// per-transaction cap of 2^24 (EIP-7825) with the sender's margin of a fifth.
const BatchGas = (1 << 24) * 4 / 5

// Claim is one row of a batch: what a receiver claims of one channel, and the
// voucher that allows it.
type Claim struct {
	Config    vouchers.ChannelConfig
	Ceiling   vouchers.Amount
	Signature vouchers.Signature
	// Total is what will have been claimed over the channel's life, in atomic units, at most Ceiling.
	Total vouchers.Amount
	// Before is what was claimed before, in atomic units.
	Before vouchers.Amount
}

// Value is what the claim adds, in atomic units.
func (c Claim) Value() vouchers.Amount { return c.Total - c.Before }

// Rejected is a claim that the escrow refuses, with its reason.
type Rejected struct {
	Claim
	Err error
}

// Plan is how a set of claims goes on chain: batches that each fit a transaction,
// and the rows that the escrow would refuse.
type Plan struct {
	Batches  [][]Claim
	Rejected []Rejected
	// Gas is the sum of the batches' estimates, in gas units.
	Gas uint64
}

// Plan simulates the claims as sent by the given account and splits them into
// batches of at most [BatchGas]. A row that the escrow refuses is set aside with
// the reason and does not keep the others back. All claims must have the same
// receiver and token.
func (c *Contract) Plan(ctx context.Context, from common.Address, claims []Claim) (Plan, error) {
	var plan Plan
	p := planner{contract: c, from: from, plan: &plan}
	good, err := p.sift(ctx, claims)
	if err == nil {
		err = p.split(ctx, good)
	}
	if err != nil {
		return Plan{}, fmt.Errorf("plan a claim of %d channels: %w", len(claims), err)
	}
	return plan, nil
}

// planner fills a plan.
type planner struct {
	contract *Contract
	from     common.Address
	plan     *Plan
}

// estimate returns the gas of a batch. What can never be one transaction is
// [chain.ErrGasCap] or [chain.ErrData].
func (p *planner) estimate(ctx context.Context, claims []Claim) (uint64, error) {
	data := p.contract.packClaimAndSettle(claims)
	if len(data) > chain.MaxData {
		return 0, fmt.Errorf("%w: %d bytes, the most is %d", chain.ErrData, len(data), chain.MaxData)
	}
	gas, err := p.contract.client.EstimateGas(ctx, ethereum.CallMsg{From: p.from, To: &p.contract.deployment.Escrow, Data: data})
	if err == nil && gas > BatchGas {
		err = fmt.Errorf("%w: it needs %d, a batch is planned for %d", chain.ErrGasCap, gas, BatchGas)
	}
	return gas, err
}

// isTooBig tells whether an error of estimate is about the number of rows.
func isTooBig(err error) bool {
	return errors.Is(err, chain.ErrGasCap) || errors.Is(err, chain.ErrData)
}

// sift returns the rows that the escrow takes and rejects the others. Half of a
// batch that is refused is tried until the bad row stands alone.
func (p *planner) sift(ctx context.Context, claims []Claim) ([]Claim, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	_, err := p.estimate(ctx, claims)
	switch {
	case err == nil:
		return claims, nil
	case !chain.IsRevert(err) && !isTooBig(err):
		return nil, err
	case len(claims) == 1:
		p.plan.Rejected = append(p.plan.Rejected, Rejected{claims[0], err})
		return nil, nil
	}
	half := len(claims) / 2
	first, err := p.sift(ctx, claims[:half])
	if err != nil {
		return nil, err
	}
	second, err := p.sift(ctx, claims[half:])
	return slices.Concat(first, second), err
}

// split plans good rows in as few batches as halving gives.
func (p *planner) split(ctx context.Context, good []Claim) error {
	if len(good) == 0 {
		return nil
	}
	gas, err := p.estimate(ctx, good)
	switch {
	case err == nil:
		p.plan.Batches = append(p.plan.Batches, good)
		p.plan.Gas += gas
		return nil
	case !isTooBig(err) || len(good) == 1:
		return err
	}
	half := len(good) / 2
	if err := p.split(ctx, good[:half]); err != nil {
		return err
	}
	return p.split(ctx, good[half:])
}

// ClaimAndSettle claims a batch and transfers all that is claimed to the receiver,
// in one transaction, and waits for its confirmation. The sender must be the
// receiver or the receiver authorizer of every row.
func (c *Contract) ClaimAndSettle(ctx context.Context, sender *chain.Sender, batch []Claim) (*types.Receipt, error) {
	receipt, err := sender.Send(ctx, chain.Call{
		To:    c.deployment.Escrow,
		Data:  c.packClaimAndSettle(batch),
		Label: fmt.Sprintf("claim %d channels and settle", len(batch)),
	})
	if err != nil {
		return nil, fmt.Errorf("claim %d channels and settle: %w", len(batch), err)
	}
	return receipt, nil
}

func (c *Contract) packClaimAndSettle(batch []Claim) []byte {
	return c.abi.PackMulticall([][]byte{
		c.abi.PackClaim(abiClaims(batch)),
		c.abi.PackSettle(batch[0].Config.Receiver, batch[0].Config.Token),
	})
}

// Settle transfers what was claimed for a receiver to it. It does nothing on chain
// when there is nothing to transfer.
func (c *Contract) Settle(ctx context.Context, sender *chain.Sender, receiver, token common.Address) (*types.Receipt, error) {
	receipt, err := sender.Send(ctx, chain.Call{To: c.deployment.Escrow, Data: c.abi.PackSettle(receiver, token), Label: "settle"})
	if err != nil {
		return nil, fmt.Errorf("settle for receiver %s: %w", receiver, err)
	}
	return receipt, nil
}

// Settled returns what a transaction's Settled events moved, in atomic units.
func (c *Contract) Settled(receipt *types.Receipt) (vouchers.Amount, error) {
	var sum vouchers.Amount
	for _, log := range receipt.Logs {
		if log.Address != c.deployment.Escrow {
			continue
		}
		event, err := c.abi.UnpackSettledEvent(log)
		if err != nil {
			continue // another event of the escrow
		}
		amount, err := vouchers.AmountFromBig(event.Amount)
		if err != nil {
			return 0, fmt.Errorf("settled in %s: %w", receipt.TxHash, err)
		}
		sum += amount
	}
	return sum, nil
}

func abiClaims(claims []Claim) []abigen.VoucherClaim {
	rows := make([]abigen.VoucherClaim, len(claims))
	for i, claim := range claims {
		rows[i] = abigen.VoucherClaim{
			Voucher:      abigen.Voucher{Channel: abiConfig(claim.Config), MaxClaimableAmount: claim.Ceiling.Big()},
			Signature:    claim.Signature,
			TotalClaimed: claim.Total.Big(),
		}
	}
	return rows
}
