package server

import (
	"context"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// byVoucher pays with a voucher of the payer's channel, and takes a deposit that comes with
// it first.
type byVoucher struct {
	shop    *Shop
	line    *line
	payload *x402.PaymentPayload
}

func (by *byVoucher) hold(ctx context.Context, request [32]byte) (held, []byte, *denial) {
	h, refused := by.admit(ctx, request)
	if refused != nil {
		if kept, ok := by.shop.repeated(ctx, by.payload, by.line.price, request); ok {
			return nil, kept, nil
		}
		return nil, nil, &denial{terms: refused}
	}
	if kept, ok := h.reservation.Answer(); ok {
		h.release()
		return nil, kept, nil
	}
	return h, nil, nil
}

func (by *byVoucher) admit(ctx context.Context, request [32]byte) (*heldVoucher, *terms.Refusal) {
	by.line.paidBy(by.payload)
	p, refused := by.shop.accept(by.payload, by.line.price)
	if refused != nil {
		return nil, refused
	}
	if _, ok := p.body.(*x402.RefundPayload); ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "refunds go to the tool %s", RefundTool)
	}
	reservation, deposited, refused := by.shop.admit(ctx, p, by.line.price, request)
	if refused != nil {
		return nil, refused
	}
	return &heldVoucher{by.shop, p, reservation, deposited}, nil
}

func (by *byVoucher) busy(_ context.Context, many *tooManyUncharged) *denial {
	return &denial{terms: terms.Refuse(x402.ErrChannelBusy, "%v", many)}
}

// heldVoucher is money that is set aside in a channel.
type heldVoucher struct {
	shop        *Shop
	payment     *payment
	reservation *vouchers.Reservation
	deposited   *depositReceipt // what a deposit brought in before the call, nil if none did
}

func (h *heldVoucher) release() { h.reservation.Release() }

func (h *heldVoucher) commit(ctx context.Context, total vouchers.Amount, render func(vouchers.Charge) (vouchers.Kept, error), puts []vouchers.Put) error {
	_, err := h.reservation.Commit(ctx, total, render, puts...)
	return err
}

func (h *heldVoucher) customer() customerKey {
	return customerKey{channel: h.payment.voucher.Channel}
}

func (h *heldVoucher) config() vouchers.ChannelConfig { return h.payment.config }

func (h *heldVoucher) keeps() bool { return true }

func (h *heldVoucher) receipt() receipts.Receipt {
	return receipts.Receipt{Ceiling: h.payment.voucher.Ceiling}
}

func (h *heldVoucher) tell(ctx context.Context, charged vouchers.Amount, state vouchers.Channel, r *receipts.Signed) (told, error) {
	response := terms.Response(state)
	response.Extra.ChargedAmount = &charged
	if h.deposited != nil {
		h.deposited.into(&response)
	}
	if h.payment.receipt && r != nil {
		if err := h.shop.attest(ctx, &response, state.Config.VoucherSigner(), r); err != nil {
			return told{}, err
		}
	}
	return told{response: response}, nil
}

func (h *heldVoucher) advice() string {
	return "send the same payment again later: it is charged once at most"
}
