package token

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// byCredit pays with a credit token.
type byCredit struct {
	seller     *Seller
	line       *sale.Line
	token      string
	identifier string // of the call, "" if it has none
	offered    func() []terms.PricedTool
}

// By implements [sale.Way].
func (s *Seller) By(l *sale.Line, p sale.Presented) sale.Means {
	if p.Token == nil {
		return nil
	}
	return &byCredit{s, l, *p.Token, p.Identifier, p.Offered}
}

// Proves implements [sale.Way]: a token can pay that this shop has made and not revoked.
func (s *Seller) Proves(_ context.Context, name string, p sale.Presented) (bool, *terms.Refusal) {
	if p.Token == nil {
		return false, nil
	}
	var no *credit.Refusal
	if err := s.book.Allows(*p.Token, credit.Call{Tool: name}); errors.As(err, &no) {
		return no.Code != credit.CodeInvalidToken && no.Code != credit.CodeRevoked, nil
	}
	return true, nil
}

// Explain implements [sale.Way].
func (s *Seller) Explain(ctx context.Context, l *sale.Line, p sale.Presented) *sale.Denial {
	if p.Token == nil {
		return nil
	}
	if err := s.book.Allows(*p.Token, credit.Call{Tool: l.Name, Price: l.Price}); err != nil {
		return &sale.Denial{Token: s.explainCredit(ctx, l, *p.Token, err, p.Offered)}
	}
	return nil
}

func (by *byCredit) Hold(ctx context.Context, request [32]byte) (sale.Held, []byte, *sale.Denial) {
	call := credit.Call{Tool: by.line.Name, Price: by.line.Price, Identifier: by.identifier}
	if call.Identifier != "" {
		call.Fingerprint = request
	}
	spend, err := by.seller.book.Spend(ctx, by.token, call)
	if err != nil {
		return nil, nil, by.explain(ctx, err)
	}
	by.line.Spends(spend.Grant(), spend.Channel(), common.Address{})
	if kept, ok := spend.Answer(); ok {
		spend.Release()
		return nil, kept, nil
	}
	return &heldCredit{spend, call, by.line.Price}, nil, nil
}

func (by *byCredit) Busy(ctx context.Context, many *sale.TooMany) *sale.Denial {
	return by.explain(ctx, &credit.Refusal{Code: credit.CodeRateLimited, RetryAfter: many.Wait, Err: many})
}

func (by *byCredit) explain(ctx context.Context, err error) *sale.Denial {
	return &sale.Denial{Token: by.seller.explainCredit(ctx, by.line, by.token, err, by.offered)}
}

// heldCredit is money that is set aside of a grant.
type heldCredit struct {
	spend *credit.Spend
	call  credit.Call
	// aside is what is set aside of the price: it does not count as remaining.
	aside vouchers.Amount
}

func (h *heldCredit) Release() {
	h.spend.Release()
	h.aside = 0
}

func (h *heldCredit) Slices() bool { return true }

func (h *heldCredit) Part(ctx context.Context, amount vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.spend.Part(ctx, amount, render, puts...)
	if err == nil {
		h.aside -= amount
	}
	return err
}

func (h *heldCredit) Commit(ctx context.Context, total vouchers.Amount, _ []byte, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.spend.Commit(ctx, total, render, puts...)
	return err
}

func (h *heldCredit) Customer() sale.Customer {
	return sale.Customer{Channel: h.spend.Channel(), Grant: h.spend.Grant()}
}

func (h *heldCredit) Keeps() bool { return h.call.Identifier != "" }

func (h *heldCredit) Ran() []byte { return nil }

func (h *heldCredit) Receipt() receipts.Receipt {
	return receipts.Receipt{Grant: receipts.ID(h.spend.Grant()), Token: h.spend.Token()}
}

// Tell leaves the channel's own state out: it is not the business of who holds a token.
func (h *heldCredit) Tell(_ context.Context, charged vouchers.Amount, state ledger.Channel, _ *receipts.Receipt) (sale.Told, error) {
	return sale.Told{
		Response: x402.SettlementResponse{
			Success: true, Network: state.Deployment.Network(), Payer: state.Config.Payer,
			Extra: x402.SettlementExtra{ChargedAmount: &charged},
		},
		Token: &terms.CreditReceipt{Grant: h.spend.Grant(), Charged: charged, Remaining: h.spend.Remaining() + h.aside - charged},
	}, nil
}

func (h *heldCredit) Advice() string { return "ask the seller before you call again" }
