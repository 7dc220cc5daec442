package agent

import (
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// Policy limits what a client pays by itself. Amounts are atomic units; 0 is no limit.
type Policy struct {
	// MaxPrice is the most that one call may cost.
	MaxPrice vouchers.Amount
	// MaxDeposit is the most that one deposit may move.
	MaxDeposit vouchers.Amount
}

func (p Policy) allowsPrice(tool string, price vouchers.Amount) error {
	if p.MaxPrice > 0 && price > p.MaxPrice {
		return fmt.Errorf("%w: a call of %s costs %s, the limit is %s", ErrPolicy, tool, price, p.MaxPrice)
	}
	return nil
}

func (p Policy) allowsDeposit(amount vouchers.Amount) error {
	if p.MaxDeposit > 0 && amount > p.MaxDeposit {
		return fmt.Errorf("%w: a deposit of %s, the limit is %s", ErrPolicy, amount, p.MaxDeposit)
	}
	return nil
}
