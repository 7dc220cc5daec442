package pay

import (
	"context"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Balance is what a payer can spend at a server. Amounts are atomic units.
type Balance struct {
	Server string         `json:"server"`
	Payer  common.Address `json:"payer"`
	// Channel is what calls can spend of what is deposited, and Wallet what the payer
	// has outside of channels.
	Channel vouchers.Amount `json:"channel"`
	Wallet  vouchers.Amount `json:"wallet"`
	// Spent is what was spent, Limits what the budgets leave.
	Spent  budget.Spent  `json:"spent"`
	Limits []policy.Left `json:"limits"`
}

// Balance tells what there is to spend, by the payer's own book and the chain.
func (p *Payer) Balance(ctx context.Context) (Balance, error) {
	b := Balance{Server: p.Server, Payer: p.key.Address()}
	var err error
	if b.Wallet, err = p.WalletBalance(ctx); err != nil {
		return Balance{}, err
	}
	entries, err := p.entries()
	if err != nil {
		return Balance{}, err
	}
	for _, entry := range entries {
		b.Channel = b.Channel.Plus(entry.Available())
	}
	b.Spent, b.Limits, err = p.spending()
	return b, err
}

// PriceIn is the most that a call costs by the _meta of a tool, by the entries that this
// client can pay, or by all of them if it can pay none; 0 is free or not announced.
func (p *Payer) PriceIn(meta any) vouchers.Amount {
	required, err := x402.DecodeValue[x402.PaymentRequired](meta)
	if err != nil {
		return 0 // not announced
	}
	var mine, any vouchers.Amount
	for _, entry := range required.Accepts {
		if !entry.Is(x402.SchemeBatchSettlement) {
			continue
		}
		any = max(any, entry.Amount)
		if entry.Asset == p.token.Address && entry.Network == p.chain.Network() {
			mine = max(mine, entry.Amount)
		}
	}
	if mine > 0 {
		return mine
	}
	return any
}
