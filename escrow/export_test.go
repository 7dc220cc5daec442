package escrow

import "github.com/chitpay/chit/escrow/funding"

// DepositCall is the call data of a deposit, for many of them in one transaction.
func DepositCall(c *Contract, d funding.Deposit) ([]byte, error) {
	data, err := d.CollectorData()
	if err != nil {
		return nil, err
	}
	return c.abi.PackDeposit(abiConfig(d.Config), d.Amount.Big(), Own.Collectors.EIP3009, data), nil
}
