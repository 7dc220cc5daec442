package server

import (
	"context"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// byCredit pays with a credit token.
type byCredit struct {
	shop       *Shop
	line       *line
	token      string
	identifier string // of the call, "" if it has none
	offered    func() []terms.PricedTool
}

func (by *byCredit) hold(ctx context.Context, request [32]byte) (held, []byte, *denial) {
	call := credit.Call{Tool: by.line.name, Price: by.line.price, Identifier: by.identifier}
	if call.Identifier != "" {
		call.Fingerprint = request
	}
	spend, err := by.shop.Credit.Spend(ctx, by.token, call)
	if err != nil {
		return nil, nil, by.explain(ctx, err)
	}
	by.line.spends(spend)
	if kept, ok := spend.Answer(); ok {
		spend.Release()
		return nil, kept, nil
	}
	return &heldCredit{by.shop, spend, call, by.line.price}, nil, nil
}

func (by *byCredit) busy(ctx context.Context, many *tooManyUncharged) *denial {
	return by.explain(ctx, &credit.Refusal{Code: credit.CodeRateLimited, RetryAfter: many.wait, Err: many})
}

func (by *byCredit) explain(ctx context.Context, err error) *denial {
	return &denial{token: by.shop.explainCredit(ctx, by.line, by.token, err, by.offered())}
}

// heldCredit is money that is set aside of a grant.
type heldCredit struct {
	shop  *Shop
	spend *credit.Spend
	call  credit.Call
	// aside is the price as long as it is set aside: it does not count as remaining.
	aside vouchers.Amount
}

func (h *heldCredit) release() {
	h.spend.Release()
	h.aside = 0
}

func (h *heldCredit) commit(ctx context.Context, total vouchers.Amount, render func(vouchers.Charge) (vouchers.Kept, error), puts []vouchers.Put) error {
	_, err := h.spend.Commit(ctx, total, render, puts...)
	return err
}

func (h *heldCredit) customer() customerKey {
	return customerKey{channel: h.spend.Channel(), grant: h.spend.Grant()}
}

func (h *heldCredit) config() vouchers.ChannelConfig {
	state, _ := h.shop.Ledger.Channel(h.spend.Channel()) // is there: it has just been drawn from
	return state.Config
}

func (h *heldCredit) keeps() bool { return h.call.Identifier != "" }

func (h *heldCredit) receipt() receipts.Receipt {
	return receipts.Receipt{Grant: receipts.ID(h.spend.Grant()), Token: h.spend.Token()}
}

// tell leaves the channel's own state out: it is not the business of who holds a token.
func (h *heldCredit) tell(_ context.Context, charged vouchers.Amount, state vouchers.Channel, _ *receipts.Signed) (told, error) {
	return told{
		response: x402.SettlementResponse{
			Success: true, Network: state.Deployment.Network(), Payer: state.Config.Payer,
			Extra: x402.SettlementExtra{ChargedAmount: &charged},
		},
		token: &terms.CreditReceipt{Grant: h.spend.Grant(), Charged: charged, Remaining: h.spend.Remaining() + h.aside - charged},
	}, nil
}

func (h *heldCredit) advice() string { return "ask the seller before you call again" }
