package server

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
	costs := r.Policy.inUSDC(new(big.Int).Mul(r.gasPrice, new(big.Int).SetUint64(gas)))
	if costs == nil || *costs <= claimed {
		return nil
	}
	return fmt.Errorf("%w: %s of gas for %s", ErrNotWorth, *costs, claimed)
}
