package voucher

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// byVoucher pays with a voucher of the payer's channel, and takes a deposit that comes with
// it first.
type byVoucher struct {
	seller  *Seller
	line    *sale.Line
	payment brought
}

// By implements [sale.Way].
func (s *Seller) By(l *sale.Line, p sale.Presented) sale.Means {
	payment := broughtBy(p)
	if payment == nil {
		return nil
	}
	return &byVoucher{s, l, payment}
}

// Proves implements [sale.Way].
func (s *Seller) Proves(ctx context.Context, _ string, p sale.Presented) (bool, *terms.Refusal) {
	payment := broughtBy(p)
	if payment == nil {
		return false, nil
	}
	why := s.mayPay(ctx, payment)
	return why == nil, why
}

// Explain implements [sale.Way]: it notes whose payment it is. What a voucher lacks is said when
// it is to pay.
func (s *Seller) Explain(_ context.Context, l *sale.Line, p sale.Presented) *sale.Denial {
	if payment := broughtBy(p); payment != nil {
		payment.namesPayer(l)
	}
	return nil
}

func (by *byVoucher) Hold(ctx context.Context, request [32]byte) (sale.Held, []byte, *sale.Denial) {
	h, refused := by.admit(ctx, request)
	if refused != nil {
		if kept, ok := by.seller.repeated(ctx, by.payment, by.line.Price, request); ok {
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
	by.payment.namesPayer(by.line)
	p, refused := by.payment.accept(by.seller, by.line.Price)
	if refused != nil {
		return nil, refused
	}
	if _, ok := p.body.(*x402.RefundPayload); ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "a refund pays for nothing: ask for it by itself")
	}
	reservation, deposited, refused := by.seller.admit(ctx, p, by.line.Price, request)
	if refused != nil {
		return nil, refused
	}
	return &heldVoucher{by.seller, p, reservation, deposited}, nil
}

func (by *byVoucher) Busy(_ context.Context, many *sale.TooMany) *sale.Denial {
	return &sale.Denial{Terms: terms.Refuse(x402.ErrChannelBusy, "%v", many)}
}

// heldVoucher is money that is set aside in a channel.
type heldVoucher struct {
	seller      *Seller
	payment     *Payment
	reservation *ledger.Reservation
	deposited   *depositReceipt // what a deposit brought in before the call, nil if none did
}

func (h *heldVoucher) Release() { h.reservation.Release() }

func (h *heldVoucher) Slices() bool { return true }

func (h *heldVoucher) Part(ctx context.Context, amount vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.reservation.Part(ctx, amount, render, puts...)
	return err
}

func (h *heldVoucher) Commit(ctx context.Context, total vouchers.Amount, _ []byte, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.reservation.Commit(ctx, total, render, puts...)
	return err
}

func (h *heldVoucher) Customer() sale.Customer {
	return sale.Customer{Channel: h.payment.Voucher.Channel}
}

func (h *heldVoucher) Keeps() bool { return true }

func (h *heldVoucher) Ran() []byte { return nil }

func (h *heldVoucher) Receipt() receipts.Receipt {
	return receipts.Receipt{Ceiling: h.payment.Voucher.Ceiling}
}

func (h *heldVoucher) Tell(ctx context.Context, charged vouchers.Amount, state ledger.Channel, r *receipts.Receipt) (sale.Told, error) {
	if h.payment.short {
		return sale.Told{Short: &short.Paid{Charged: charged, Count: state.Count(), Balance: state.Balance}}, nil
	}
	response := terms.Response(state)
	response.Extra.ChargedAmount = &charged
	if h.deposited != nil {
		h.deposited.into(&response)
	}
	if h.payment.receipt && r != nil {
		if err := h.seller.attest(ctx, &response, state.Config.VoucherSigner(), r); err != nil {
			return sale.Told{}, err
		}
	}
	return sale.Told{Response: response}, nil
}

func (h *heldVoucher) Advice() string {
	return "send the same payment again later: it is charged once at most"
}

// repeated is what a payment was answered with while the price was what it accepts. Who
// has not heard the answer asks for it again by the same payment, and must not buy twice
// because the price has risen meanwhile.
func (s *Seller) repeated(ctx context.Context, payment brought, price vouchers.Amount, request [32]byte) ([]byte, bool) {
	accepted := payment.agreed()
	if accepted >= price {
		return nil, false
	}
	p, refused := payment.accept(s, accepted)
	if refused != nil {
		return nil, false
	}
	return s.ledger.Answered(ctx, s.ledgerPayment(p, accepted, request))
}

// attest adds the receipt of the extension offer-receipt to what the payer is told. It
// says what [receipts.Receipt] says, but for the money. Its payer is who signed the voucher:
// whom the channel's config names as its payer is nobody's proof, since anybody may make one.
func (s *Seller) attest(ctx context.Context, response *x402.SettlementResponse, by common.Address, r *receipts.Receipt) error {
	service := &extension.ServiceReceipt{Version: 1, Network: r.Network, ResourceURL: r.Resource, Payer: by.Hex(), IssuedAt: r.IssuedAt}
	signature, err := s.notary.SignHash(ctx, service.Digest())
	if err != nil {
		return fmt.Errorf("sign the receipt of a service: %w", err)
	}
	response.Extensions, err = extension.WithReceipt(response.Extensions, service, signature)
	return err
}
