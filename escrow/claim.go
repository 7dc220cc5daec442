package escrow

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

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

// Outcome is what a batch came to on chain.
type Outcome struct {
	Receipt *types.Receipt
	// Claimed are the rows that were booked, Skipped those that were not: what was
	// good when the batch was planned can be bad when it is mined.
	Claimed []Claim
	Skipped []Rejected
	// Settled is what was transferred to the receiver, in atomic units: the claims, and
	// what earlier ones had left.
	Settled vouchers.Amount
}

// ClaimAndSettle claims a batch and transfers all that is claimed to the receiver,
// in one transaction, and waits for its confirmation. The sender must be the
// receiver or the receiver authorizer of every row.
func (c *Contract) ClaimAndSettle(ctx context.Context, sender *chain.Sender, batch []Claim) (Outcome, error) {
	outcome, err := c.claimAndSettle(ctx, sender, batch)
	if err != nil {
		return outcome, fmt.Errorf("claim %d channels and settle: %w", len(batch), err)
	}
	return outcome, nil
}

func (c *Contract) claimAndSettle(ctx context.Context, sender *chain.Sender, batch []Claim) (Outcome, error) {
	compact, err := c.HasCompactClaim(ctx)
	if err != nil {
		return Outcome{}, err
	}
	data, err := c.packClaimAndSettle(batch, compact)
	if err != nil {
		return Outcome{}, err
	}
	receipt, err := sender.Send(ctx, chain.Call{To: c.deployment.Escrow, Data: data, Label: fmt.Sprintf("claim %d channels", len(batch))})
	if err != nil {
		return Outcome{}, err
	}
	return c.outcome(batch, receipt)
}

// packClaimAndSettle packs a batch in the way that costs least on this escrow.
func (c *Contract) packClaimAndSettle(batch []Claim, compact bool) ([]byte, error) {
	if compact {
		packed, err := encodeCompact(c.domain, batch, true)
		if err != nil {
			return nil, err
		}
		return c.abi.PackClaimCompact(packed), nil
	}
	return c.abi.PackMulticall([][]byte{
		c.abi.PackClaim(abiClaims(batch)),
		c.abi.PackSettle(batch[0].Config.Receiver, batch[0].Config.Token),
	}), nil
}

// outcome reads what a batch came to from its events.
func (c *Contract) outcome(batch []Claim, receipt *types.Receipt) (Outcome, error) {
	o := Outcome{Receipt: receipt}
	skipped := make(map[uint64]error)
	for _, log := range receipt.Logs {
		if log.Address != c.deployment.Escrow {
			continue
		}
		if event, err := c.abi.UnpackClaimSkippedEvent(log); err == nil {
			skipped[event.Index.Uint64()] = skipError(event.Reason)
		}
		if event, err := c.abi.UnpackSettledEvent(log); err == nil {
			amount, err := vouchers.AmountFromBig(event.Amount)
			if err != nil {
				return o, fmt.Errorf("settled in %s: %w", receipt.TxHash, err)
			}
			o.Settled += amount
		}
	}
	for i, claim := range batch {
		if err, bad := skipped[uint64(i)]; bad {
			o.Skipped = append(o.Skipped, Rejected{claim, err})
			continue
		}
		o.Claimed = append(o.Claimed, claim)
	}
	return o, nil
}

func skipError(reason uint8) error {
	names := [...]string{"Stale", "ExceedsCeiling", "ExceedsBalance", "InvalidSignature"}
	if int(reason) < len(names) {
		return fmt.Errorf("%w: %s", ErrSkipped, names[reason])
	}
	return fmt.Errorf("%w: reason %d", ErrSkipped, reason)
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
