package escrow

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
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

// SendOption adjusts how a transaction is sent.
type SendOption func(*sendOptions)

type sendOptions struct {
	unsettled bool
	call      txmgr.Call
}

func optionsOf(opts []SendOption) (o sendOptions) {
	for _, set := range opts {
		set(&o)
	}
	return o
}

// Urgently sends the batch as [txmgr.Call.Urgent].
func Urgently() SendOption { return func(o *sendOptions) { o.call.Urgent = true } }

// WithoutSettling leaves what is claimed in the escrow, to be transferred later.
func WithoutSettling() SendOption { return func(o *sendOptions) { o.unsettled = true } }

// WithMaxFee is the most that is paid per gas, in wei; nil leaves it to the sender.
func WithMaxFee(wei *big.Int) SendOption { return func(o *sendOptions) { o.call.MaxFee = wei } }

// WithMaxCost is the most that the transaction may cost in all, in wei: one that would cost
// more is not sent ([txmgr.ErrCost]). nil is what it is by default: [DefaultMaxCost] for the
// payer's transactions, and no such limit for the seller's.
func WithMaxCost(wei *big.Int) SendOption {
	return func(o *sendOptions) {
		if wei != nil {
			o.call.MaxCost = wei
		}
	}
}

// WithMaxGas is the most gas that the transaction may have, in gas units: one that needs
// more is not sent ([chain.ErrGasCap]). 0 leaves it to the sender.
func WithMaxGas(gas uint64) SendOption { return func(o *sendOptions) { o.call.MaxGas = gas } }

// WithConfirmations waits until the batch is in so many blocks, if that is more than
// what the sender asks of every transaction.
func WithConfirmations(n uint64) SendOption {
	return func(o *sendOptions) { o.call.Confirmations = n }
}

// ClaimAndSettle claims a batch and transfers all that is claimed to the receiver,
// in one transaction, and waits for its confirmation. The sender must be the
// receiver or the receiver authorizer of every row. A batch of which no row can be
// booked is refused. With an error, Skipped are the rows of wallets on which a
// transaction of the standard path may have failed.
func (c *Contract) ClaimAndSettle(ctx context.Context, sender *txmgr.Sender, batch []Claim, opts ...SendOption) (Outcome, error) {
	o := optionsOf(opts)
	outcome, err := c.claimAndSettle(ctx, sender, batch, o)
	if err != nil {
		return outcome, fmt.Errorf("claim %d channels: %w", len(batch), err)
	}
	return outcome, nil
}

func (c *Contract) claimAndSettle(ctx context.Context, sender *txmgr.Sender, batch []Claim, o sendOptions) (Outcome, error) {
	compact, err := c.HasCompactClaim(ctx)
	if err != nil {
		return Outcome{}, err
	}
	call := o.call
	call.To, call.Label = c.deployment.Escrow, fmt.Sprintf("claim %d channels", len(batch))
	if call.Data, err = c.packClaim(batch, compact, !o.unsettled); err != nil {
		return Outcome{}, err
	}
	call.Reserve = walletReserve(c.domain, batch, compact)
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return Outcome{Skipped: c.suspects(batch, compact, err)}, err
	}
	return c.outcome(batch, receipt)
}

// packClaim packs a batch in the way that costs least on this escrow.
func (c *Contract) packClaim(batch []Claim, compact, settles bool) ([]byte, error) {
	if compact {
		packed, err := encodeCompact(c.domain, batch, settles)
		if err != nil {
			return nil, err
		}
		return c.abi.PackClaimCompact(packed), nil
	}
	if _, err := headerFor(batch); err != nil {
		return nil, err
	}
	claim := c.abi.PackClaim(abiClaims(batch))
	if !settles {
		return claim, nil
	}
	return c.abi.PackMulticall([][]byte{claim, c.abi.PackSettle(batch[0].Config.Receiver, batch[0].Config.Token)}), nil
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
	if reason == 0 {
		return ErrStale
	}
	if int(reason) < len(names) {
		return fmt.Errorf("%w: %s", ErrSkipped, names[reason])
	}
	return fmt.Errorf("%w: reason %d", ErrSkipped, reason)
}

// Settle transfers what was claimed for a receiver to it. It does nothing on chain
// when there is nothing to transfer.
func (c *Contract) Settle(ctx context.Context, sender *txmgr.Sender, receiver, token common.Address, opts ...SendOption) (*types.Receipt, error) {
	call := optionsOf(opts).call
	call.To, call.Data, call.Label = c.deployment.Escrow, c.abi.PackSettle(receiver, token), "settle"
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("settle for receiver %s: %w", receiver, err)
	}
	return receipt, nil
}

// refusal returns why the token does not pay a receiver, as a blacklist would have
// it, or nil if it does.
func (c *Contract) refusal(ctx context.Context, receiver, token common.Address) (refusal, err error) {
	pay := abigen.NewToken().PackTransfer(receiver, common.Big0)
	_, err = c.client.CallContract(ctx, ethereum.CallMsg{From: c.deployment.Escrow, To: &token, Data: pay}, nil)
	if chain.IsRevert(err) {
		return fmt.Errorf("%w: %w", ErrUnpayable, err), nil
	}
	return nil, err
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
