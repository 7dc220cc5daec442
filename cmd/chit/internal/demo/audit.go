package demo

import (
	"bytes"
	"context"
	"fmt"
	"math/big"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// audit reads every balance from the chain and holds it against the story.
func (s *story) audit(ctx context.Context) error {
	token, err := funding.ReadToken(ctx, s.net.Client, s.net.Token)
	if err != nil {
		return err
	}
	s.result.Network, s.result.Escrow, s.result.Token = s.net.Client.Network(), escrow.Own.Escrow, s.net.Token
	s.result.Agents = agents
	if s.result.Received, err = token.Balance(ctx, s.net.Client, keys.Dev(devnet.Receiver).Address()); err != nil {
		return err
	}
	left, err := token.Balance(ctx, s.net.Client, escrow.Own.Escrow)
	if err != nil {
		return err
	}
	var wallets vouchers.Amount
	gas := new(big.Int)
	for _, payer := range s.payers {
		has, err := token.Balance(ctx, s.net.Client, payer.Address())
		if err != nil {
			return err
		}
		wallets += has
		wei, err := s.net.Client.Balance(ctx, payer.Address())
		if err != nil {
			return err
		}
		gas.Add(gas, wei)
	}
	r := &s.result
	for _, check := range []struct {
		what      string
		got, want vouchers.Amount
	}{
		{"claimed", r.Claimed, r.Charged},
		{"received by the seller", r.Received, r.Charged},
		{"refunded", r.Refunded, r.Deposited - r.Charged},
		{"left in the escrow", left, 0},
		{"in the agents' wallets", wallets, agents*minted - r.Charged},
	} {
		if check.got != check.want {
			return fmt.Errorf("the books do not balance: %s is %s, want %s", check.what, check.got, check.want)
		}
	}
	if gas.Sign() != 0 {
		return fmt.Errorf("the agents own %s wei, want none", gas)
	}
	if r.Receipts, err = s.verify(ctx); err != nil {
		return err
	}
	r.Balanced = true
	s.step("9. on chain: deposited %s = received %s + refunded %s; the escrow holds %s. Balanced.", r.Deposited, r.Received, r.Refunded, left)
	s.step("10. %d signed receipts prove every unit that was claimed", r.Receipts)
	return nil
}

// verify holds the receipts against what was claimed, and returns how many there are.
func (s *story) verify(ctx context.Context) (count uint64, err error) {
	var statement bytes.Buffer
	if err := s.shop.WriteStatement(ctx, receipts.Filter{}, &statement); err != nil {
		return 0, err
	}
	audits, err := receipts.Verify(&statement)
	if err != nil {
		return 0, err
	}
	var proven vouchers.Amount
	for _, a := range audits {
		if a.Fault != nil {
			return 0, fmt.Errorf("channel %s: %w", a.Channel, a.Fault)
		}
		count += a.Receipts
		proven += a.Charged
	}
	if proven != s.result.Claimed {
		return 0, fmt.Errorf("%w: they prove %s, %s were claimed", receipts.ErrFault, proven, s.result.Claimed)
	}
	return count, nil
}
