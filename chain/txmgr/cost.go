package txmgr

import (
	"context"
	"fmt"
	"math/big"
)

// fees returns the priority fee and the highest fee per gas of a call that may use so
// much gas, in wei, within its limits.
func (s *Sender) fees(ctx context.Context, call Call, gas uint64) (tip, fee *big.Int, err error) {
	base, tip, fee, err := s.suggest(ctx, call.Urgent)
	if err != nil {
		return nil, nil, err
	}
	limit := s.limit(call)
	if most := call.mostPerGas(gas); most != nil && base.Cmp(most) > 0 {
		return nil, nil, call.tooDear(gas, base)
	} else if most != nil && most.Cmp(limit) < 0 {
		limit = most
	}
	switch {
	case fee.Cmp(limit) <= 0:
		return tip, fee, nil
	case base.Cmp(limit) > 0:
		return nil, nil, fmt.Errorf("%w: %s wei per gas, the limit is %s; wait, or raise the limit", ErrFee, base, limit)
	}
	if room := new(big.Int).Sub(limit, base); tip != nil && tip.Cmp(room) > 0 {
		tip = room
	}
	return tip, limit, nil
}

// limit is the most that a call may pay per gas, whatever it costs in all.
func (s *Sender) limit(call Call) *big.Int {
	if call.MaxFee != nil && call.MaxFee.Cmp(s.maxFee) < 0 {
		return call.MaxFee
	}
	return s.maxFee
}

// mostPerGas is what the call's MaxCost leaves for each gas, nil if it has none.
func (c *Call) mostPerGas(gas uint64) *big.Int {
	if c.MaxCost == nil {
		return nil
	}
	return new(big.Int).Div(c.MaxCost, new(big.Int).SetUint64(gas))
}

// tooDear says what a call would cost with so much gas at a fee in wei per gas.
func (c *Call) tooDear(gas uint64, fee *big.Int) error {
	cost := new(big.Int).Mul(fee, new(big.Int).SetUint64(gas))
	return fmt.Errorf("%w: up to %s of the chain's coin, for %d gas at %s wei; the most is %s; wait until gas is cheaper, or raise the limit",
		ErrCost, inCoins(cost), gas, fee, inCoins(c.MaxCost))
}
