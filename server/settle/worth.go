package settle

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// ErrNotWorth says that the gas of a settlement costs more than what it claims.
var ErrNotWorth = errors.New("the gas costs more than what is claimed")

// notWorth is an [ErrNotWorth] that another process has met.
type notWorth string

func (e notWorth) Error() string { return string(e) }

func (notWorth) Is(target error) bool { return target == ErrNotWorth }

// Err is why the settlement ended early, nil for every other step.
func (e Event) Err() error {
	switch {
	case e.NotWorth:
		return notWorth(e.Error)
	case e.Error != "":
		return errors.New(e.Error)
	}
	return nil
}

// worthIt refuses a settlement that somebody asked for and that costs more than it brings,
// unless it is wanted anyway. One that runs by itself leaves single channels out instead.
func (r *settling) worthIt(plans []escrow.Plan) error {
	if r.req.Anyway || r.req.DryRun || r.req.automatic {
		return nil
	}
	var claimed vouchers.Amount
	gas := uint64(0)
	for _, plan := range plans {
		for i, batch := range plan.Batches {
			claimed, gas = claimed+value(batch), gas+plan.Gas[i]
		}
	}
	return r.weigh(gas, claimed)
}

// transferGas is what a transfer of what earlier claims left costs about.
const transferGas = 80_000

// worthATransfer refuses to transfer less than the gas costs, unless it is wanted anyway.
func (r *settling) worthATransfer(left vouchers.Amount) error {
	if r.req.Anyway {
		return nil
	}
	return r.weigh(transferGas, left)
}

// unlessBesides is the error of somebody who asked for a settlement that has done nothing.
func (r *settling) unlessBesides(err error) error {
	if r.req.automatic || len(r.done.Batches) > 0 {
		return nil
	}
	return err
}

// weigh refuses to pay for gas with more than it brings, where the price of the coin is
// known.
func (r *settling) weigh(gas uint64, brings vouchers.Amount) error {
	costs := r.Policy.InUSDC(new(big.Int).Mul(r.gasPrice, new(big.Int).SetUint64(gas)))
	if costs == nil || *costs <= brings {
		return nil
	}
	return fmt.Errorf("%w: %s of gas for %s", ErrNotWorth, *costs, brings)
}
