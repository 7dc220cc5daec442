package token

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// Seller takes credit tokens, and sells the budgets behind them for vouchers.
type Seller struct {
	book     *credit.Book
	ledger   *ledger.Ledger
	vouchers *voucher.Seller
	logger   *slog.Logger
}

// New returns a seller whose budgets are those of a book, and are paid for at the
// seller of vouchers.
func New(book *credit.Book, ledger *ledger.Ledger, by *voucher.Seller, logger *slog.Logger) *Seller {
	return &Seller{book, ledger, by, logger}
}

// sweep is how often grants are looked at that may have expired.
const sweep = 10 * time.Second

// Run gives back what ended grants have left, until the context ends.
func (s *Seller) Run(ctx context.Context) { s.book.Run(ctx, sweep, s.logger) }

// Ordered is a grant or a top-up as it is asked for, read and not yet paid for.
type Ordered struct {
	// Price is what it costs, in atomic USDC.
	Price vouchers.Amount

	arguments GrantArguments
	request   credit.Request
}

// Order reads what is asked for. The error is for who has asked.
func (s *Seller) Order(a GrantArguments) (*Ordered, error) {
	request, price, err := a.request()
	if err != nil {
		return nil, err
	}
	return &Ordered{price, a, request}, nil
}

// Grant sells what was ordered for the voucher of a payment, once, however often it is asked
// for, also when who asked has gone meanwhile. The request is told from another one by what
// it comes to. The error is for who has asked.
func (s *Seller) Grant(ctx context.Context, l *sale.Line, o *Ordered, payload *x402.PaymentPayload, request [32]byte) (*Granted, x402.SettlementResponse, *terms.Refusal, error) {
	var none x402.SettlementResponse
	p, refused := s.vouchers.AcceptVoucher(l, payload, o.Price)
	if refused != nil {
		return nil, none, refused, nil
	}
	order := o.arguments.order(o.request, p.Voucher.Channel)
	if err := order.Check(o.arguments.Signature, p.Config.VoucherSigner(), time.Now()); err != nil {
		return nil, none, nil, err
	}
	o.request.Channel, o.request.Payer, o.request.Nonce = p.Voucher.Channel, p.Config.Payer, order.Digest()
	sold := grantSale{seller: s, payment: p, request: o.request, price: o.Price, topUp: o.arguments.Grant, fingerprint: request}
	granted, charged, refused, err := sold.run(context.WithoutCancel(ctx))
	if refused != nil || err != nil {
		return nil, none, refused, err
	}
	state, ok := s.ledger.Channel(p.Voucher.Channel)
	if !ok {
		return nil, none, nil, errors.New("the channel is not in the ledger after its grant")
	}
	response := terms.Response(state)
	response.Extra.ChargedAmount = &charged // to the payer it has cost its price
	return granted, response, nil, nil
}

// Do does what an order of a payer, or who holds a token, asks of grants. The error is for
// who has asked; of a token it may be a [credit.Refusal], which the line has logged.
func (s *Seller) Do(ctx context.Context, l *sale.Line, a Arguments, token *string) (any, error) {
	if len(a.Signature) > 0 {
		return s.byOrder(ctx, a)
	}
	answer, err := s.byToken(ctx, a.Action, token)
	var refused *credit.Refusal
	if errors.As(err, &refused) {
		parsed, _ := macaroon.Parse(*token) // what cannot be read names nobody
		refuseToken(ctx, l, parsed, refused)
	}
	return answer, err
}
