package server

import (
	"context"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// byVoucher pays with a voucher of the payer's channel, and takes a deposit that comes with
// it first.
type byVoucher struct {
	shop    *Shop
	line    *sale.Line
	payload *x402.PaymentPayload
}

func (by *byVoucher) Hold(ctx context.Context, request [32]byte) (sale.Held, []byte, *sale.Denial) {
	h, refused := by.admit(ctx, request)
	if refused != nil {
		if kept, ok := by.shop.repeated(ctx, by.payload, by.line.Price, request); ok {
			return nil, kept, nil
		}
		return nil, nil, &sale.Denial{Terms: refused}
	}
	if kept, ok := h.reservation.Answer(); ok {
		h.Release()
		return nil, kept, nil
	}
	return h, nil, nil
}

func (by *byVoucher) admit(ctx context.Context, request [32]byte) (*heldVoucher, *terms.Refusal) {
	namesPayer(by.line, by.payload)
	p, refused := by.shop.accept(by.payload, by.line.Price)
	if refused != nil {
		return nil, refused
	}
	if _, ok := p.body.(*x402.RefundPayload); ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "refunds go to the tool %s", RefundTool)
	}
	reservation, deposited, refused := by.shop.admit(ctx, p, by.line.Price, request)
	if refused != nil {
		return nil, refused
	}
	return &heldVoucher{by.shop, p, reservation, deposited}, nil
}

func (by *byVoucher) Busy(_ context.Context, many *sale.TooMany) *sale.Denial {
	return &sale.Denial{Terms: terms.Refuse(x402.ErrChannelBusy, "%v", many)}
}

// heldVoucher is money that is set aside in a channel.
type heldVoucher struct {
	shop        *Shop
	payment     *payment
	reservation *ledger.Reservation
	deposited   *depositReceipt // what a deposit brought in before the call, nil if none did
}

func (h *heldVoucher) Release() { h.reservation.Release() }

func (h *heldVoucher) Commit(ctx context.Context, total vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.reservation.Commit(ctx, total, render, puts...)
	return err
}

func (h *heldVoucher) Customer() sale.Customer {
	return sale.Customer{Channel: h.payment.voucher.Channel}
}

func (h *heldVoucher) Payer() offer.Payer {
	return offer.Payer{Payer: h.payment.config.Payer, Signer: h.payment.config.VoucherSigner()}
}

func (h *heldVoucher) Keeps() bool { return true }

func (h *heldVoucher) Receipt() receipts.Receipt {
	return receipts.Receipt{Ceiling: h.payment.voucher.Ceiling}
}

func (h *heldVoucher) Tell(ctx context.Context, charged vouchers.Amount, state ledger.Channel, r *receipts.Signed) (sale.Told, error) {
	response := terms.Response(state)
	response.Extra.ChargedAmount = &charged
	if h.deposited != nil {
		h.deposited.Into(&response)
	}
	if h.payment.receipt && r != nil {
		if err := h.shop.attest(ctx, &response, state.Config.VoucherSigner(), r); err != nil {
			return sale.Told{}, err
		}
	}
	return sale.Told{Response: response}, nil
}

func (h *heldVoucher) Uncharged(ctx context.Context) (sale.Told, bool, error) {
	state, known := h.shop.Ledger.Channel(h.payment.voucher.Channel)
	if !known {
		return sale.Told{}, false, nil
	}
	t, err := h.Tell(ctx, 0, state, nil)
	return t, true, err
}

func (h *heldVoucher) Advice() string {
	return "send the same payment again later: it is charged once at most"
}
