package escrow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
)

// BatchGas is the most gas that a batch is planned for, in gas units: below the
// per-transaction cap of 2^24 (EIP-7825) with the sender's margin of a fifth.
const BatchGas = (1 << 24) * 4 / 5

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
	// Gas is the estimate of each batch, in gas units.
	Gas []uint64
	// Unpayable is why the token does not pay the receiver, an error that wraps
	// [ErrUnpayable]: the batches are planned [WithoutSettling] then. It is nil otherwise.
	Unpayable error
}

// Plan simulates the claims as sent by the given account and splits them into
// batches of at most [BatchGas]. A row that the escrow refuses is set aside with
// the reason and does not keep the others back. All claims must have the same
// receiver, receiver authorizer, token and withdraw delay.
func (c *Contract) Plan(ctx context.Context, from common.Address, claims []Claim) (Plan, error) {
	var plan Plan
	compact, err := c.HasCompactClaim(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("plan a claim of %d channels: %w", len(claims), err)
	}
	p := planner{contract: c, from: from, compact: compact, settles: true, plan: &plan}
	good, err := p.sift(ctx, claims)
	if err == nil && len(good) == 0 && len(claims) > 0 {
		good, err = p.siftUnsettled(ctx, claims)
	}
	for _, group := range p.apart(good) {
		if err == nil {
			err = p.split(ctx, group)
		}
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
	compact  bool
	settles  bool
	plan     *Plan
}

// siftUnsettled is sift without the transfer, if that is what every row fails on.
func (p *planner) siftUnsettled(ctx context.Context, claims []Claim) ([]Claim, error) {
	refusal, err := p.contract.refusal(ctx, claims[0].Config.Receiver, claims[0].Config.Token)
	if err != nil || refusal == nil {
		return nil, err
	}
	p.settles = false
	p.plan.Unpayable, p.plan.Rejected = refusal, nil
	return p.sift(ctx, claims)
}

// message is the transaction that a batch would be. What can never be one is
// [txmgr.ErrData].
func (p *planner) message(claims []Claim, compact bool) (ethereum.CallMsg, error) {
	data, err := p.contract.packClaim(claims, compact, p.settles)
	if err == nil && len(data) > txmgr.MaxData {
		err = fmt.Errorf("%w: %d bytes, the most is %d", txmgr.ErrData, len(data), txmgr.MaxData)
	}
	return ethereum.CallMsg{From: p.from, To: &p.contract.deployment.Escrow, Data: data}, err
}

// estimate returns the gas of a batch. One that needs too much, or may when its
// wallets use all they may, is [chain.ErrGasCap].
func (p *planner) estimate(ctx context.Context, claims []Claim, compact bool) (uint64, error) {
	message, err := p.message(claims, compact)
	if err != nil {
		return 0, err
	}
	gas, err := p.contract.client.EstimateGas(ctx, message)
	if most := gas + walletReserve(p.contract.domain, claims, compact); err == nil && most > BatchGas {
		err = fmt.Errorf("%w: it needs %d, a batch is planned for %d", chain.ErrGasCap, most, BatchGas)
	}
	return gas, err
}

// try returns nil if the escrow takes every row.
func (p *planner) try(ctx context.Context, claims []Claim) error {
	if !p.compact {
		_, err := p.estimate(ctx, claims, false)
		return err
	}
	message, err := p.message(claims, true)
	if err != nil {
		return err
	}
	raw, err := p.contract.client.CallContract(ctx, message, nil)
	if booksNothing(err) {
		return ErrSkipped
	}
	if err != nil {
		return err
	}
	result, err := p.contract.abi.UnpackClaimCompact(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnexpectedAnswer, err)
	}
	if result.Skipped.Sign() != 0 {
		return ErrSkipped
	}
	return nil
}

// why says why a single row is refused. The standard path names its reason.
func (p *planner) why(ctx context.Context, claim Claim, refusal error) error {
	if !errors.Is(refusal, ErrSkipped) {
		return refusal
	}
	if _, err := p.estimate(ctx, []Claim{claim}, false); err != nil {
		return err
	}
	return skipError(0) // the standard path takes a row that adds nothing
}

// booksNothing tells whether a compact batch was refused for that every row of it
// would be skipped.
func booksNothing(err error) bool {
	var revert *chain.RevertError
	id := abigen.EscrowNothingClaimedErrorID()
	return errors.As(err, &revert) && bytes.HasPrefix(revert.Data, id[:4])
}

// isAboutRows tells whether fewer or other rows may succeed.
func isAboutRows(err error) bool {
	return chain.IsRevert(err) || isTooBig(err) || errors.Is(err, ErrSkipped) || errors.Is(err, ErrClaims) || errors.Is(err, vouchers.ErrSignature)
}

// isTooBig tells whether an error of estimate is about the number of rows.
func isTooBig(err error) bool {
	return errors.Is(err, chain.ErrGasCap) || errors.Is(err, txmgr.ErrData)
}

// sift returns the rows that the escrow takes and rejects the others. Half of a
// batch that is refused is tried until the bad row stands alone.
func (p *planner) sift(ctx context.Context, claims []Claim) ([]Claim, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	err := p.try(ctx, claims)
	switch {
	case err == nil:
		return claims, nil
	case !isAboutRows(err):
		return nil, err
	case len(claims) == 1:
		p.plan.Rejected = append(p.plan.Rejected, Rejected{claims[0], p.why(ctx, claims[0], err)})
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
	gas, err := p.estimate(ctx, good, p.compact)
	switch {
	case err == nil:
		p.plan.Batches = append(p.plan.Batches, good)
		p.plan.Gas = append(p.plan.Gas, gas)
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
