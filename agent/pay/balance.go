package pay

import (
	"context"
	"slices"

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
// client can pay, or by all of them if it can pay none; 0 is free or not announced. What a transfer
// takes counts where there is no other way.
func (p *Payer) PriceIn(meta any) vouchers.Amount {
	required := announced(meta)
	mine, any := p.priceOf(required, x402.SchemeBatchSettlement)
	if mine > 0 {
		return mine
	}
	if transferred, _ := p.priceOf(required, x402.SchemeExact, x402.SchemeUpto); transferred > 0 {
		return transferred
	}
	return any
}

// PricesIn are the prices of a tool by its _meta, as [policy.Prices] keeps them: from a channel, and
// by a transfer.
func (p *Payer) PricesIn(tool string, meta any) map[string]vouchers.Amount {
	transferred, _ := p.priceOf(announced(meta), x402.SchemeExact, x402.SchemeUpto)
	return map[string]vouchers.Amount{tool: p.PriceIn(meta), policy.ByTransfer(tool): transferred}
}

// announced are the terms in the _meta of a tool; nil is none that can be read.
func announced(meta any) *x402.PaymentRequired {
	required, err := x402.DecodeValue[x402.PaymentRequired](meta)
	if err != nil {
		return nil
	}
	return required
}

// priceOf is the highest price of the entries of some schemes: of those that this client can pay,
// and of any.
func (p *Payer) priceOf(required *x402.PaymentRequired, schemes ...string) (mine, any vouchers.Amount) {
	if required == nil {
		return 0, 0
	}
	for _, entry := range required.Accepts {
		if !slices.ContainsFunc(schemes, entry.Is) {
			continue
		}
		any = max(any, entry.Amount)
		if entry.Asset == p.token.Address && entry.Network == p.chain.Network() {
			mine = max(mine, entry.Amount)
		}
	}
	return mine, any
}
