package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// Receipt is what a call has cost. Amounts are atomic units.
type Receipt struct {
	// Paid says that the server took a payment; a free call and a failed one have none.
	Paid bool
	// Price is what was agreed to, the most that the call could cost, and Charged what it
	// cost.
	Price, Charged vouchers.Amount
	// Channel is what it was paid from, and Cumulative what that was charged over its
	// life by this client's own book.
	Channel    vouchers.ChannelID
	Cumulative vouchers.Amount
	// Signed is the seller's signed receipt, nil if it gives none that says the same.
	Signed *receipts.Signed
	// Unwritten is what of this, or of calls before it, could not be written into the book;
	// it wraps [ErrUnwritten]. No further call is signed until it can be.
	Unwritten error `json:"-"`
}

// wanted is one thing to buy: a call of a tool, or an HTTP request.
type wanted struct {
	// name is what limits and terms go by.
	name string
	// most is the highest price that is paid for it; 0 is what the policy says.
	most vouchers.Amount
	// send asks for it, with a payment or without (nil). Where no answer comes, the
	// error is a silence.
	send func(context.Context, *x402.PaymentPayload) (*answer, error)
	// tell asks without a payment where the channel stands that pays for it. It returns nil
	// where the answer does not say so.
	tell func(context.Context, x402.StateOrder) (*x402.SettlementResponse, error)
	// listed are the terms that the server announces for it, nil if there are none.
	listed *x402.PaymentRequired
}

// answer is what a server says about a payment.
type answer struct {
	// required is why the payment is not taken; nil where it is, or none is needed.
	required *x402.PaymentRequired
	// receipt is nil if there is none, and so is the signed one that goes with it.
	receipt *x402.SettlementResponse
	signed  *receipts.Signed
	// failed says that what was asked for came to an error, which costs nothing.
	failed bool
}

// silence is an answer that did not come.
type silence struct{ error }

func (s silence) Unwrap() error { return s.error }

func isSilence(err error) bool {
	var s silence
	return errors.As(err, &s)
}

// rounds is how often a call is repeated with a better payment.
const rounds = 4

// buy asks for something, and pays if it costs something and the policy allows it.
// What the last answer was, w has seen.
func (p *payer) buy(ctx context.Context, w *wanted) (Receipt, error) {
	expense := p.purse.Begin(w.name, w.most)
	t, err := p.termsFor(ctx, w, expense)
	if t == nil {
		return Receipt{}, err
	}
	receipt, err := p.payFor(ctx, t, w, expense)
	receipt.Price = expense.Sum()
	switch {
	case expense.Lost > 0:
		expense.Lose()
	case errors.Is(err, ErrUnknownOutcome) || errors.Is(err, account.ErrDishonest):
		expense.End(expense.Sum())
	default:
		expense.End(receipt.Charged)
		if receipt.Paid {
			p.prices.Agree(w.name, expense.Sum())
		}
	}
	return receipt, err
}

// termsFor returns what to buy on, nil if it was answered without a payment. What is
// known may be the price of other arguments: where the policy forbids it, the server is
// asked for that of these.
func (p *payer) termsFor(ctx context.Context, w *wanted, expense *budget.Expense) (*terms, error) {
	known := p.known(w.name)
	var forbidden error
	if known != nil {
		if listed := p.atListPrice(ctx, w, known, expense); listed != nil {
			return listed, nil
		}
		if forbidden = expense.Hold(ctx, known.id, known.accepted.Amount); !errors.Is(forbidden, policy.ErrRefused) {
			return known, nil // another error comes again
		}
	}
	a, err := w.inquire(ctx)
	if err != nil || a.required == nil {
		return nil, err
	}
	t, err := p.learn(ctx, w.name, a.required)
	if err == nil && known != nil && t.accepted.Amount >= known.accepted.Amount {
		return nil, forbidden
	}
	return t, err
}

func (p *payer) payFor(ctx context.Context, t *terms, w *wanted, expense *budget.Expense) (Receipt, error) {
	if err := p.writable(); err != nil {
		return Receipt{}, err
	}
	var last error
	call := &purchase{wanted: w, Expense: expense}
	for range rounds {
		if err := expense.Hold(ctx, t.id, t.accepted.Amount); err != nil {
			return Receipt{}, err
		}
		ch, err := p.channelOf(ctx, t)
		if err != nil {
			return Receipt{}, err
		}
		receipt, no, err := p.attempt(ctx, ch, t, call)
		if err != nil || no == nil {
			return receipt, err
		}
		t, err = p.reconsider(ctx, ch, t, call, no)
		if last = refused(no.required); err != nil {
			last = err
		}
		if no.deposit != nil {
			last = no.deposit.Warn(last)
		}
		if err != nil {
			return Receipt{}, last
		}
	}
	return Receipt{}, last
}

// purchase is something wanted with the money that is held for it, over all tries.
type purchase struct {
	*wanted
	*budget.Expense
	need account.Need
}

// refusal is a payment that the server did not take. Its ceiling is still reserved.
type refusal struct {
	required *x402.PaymentRequired
	ceiling  vouchers.Amount
	// again says that no answer came the first time: the server may have taken it then.
	again bool
	// deposit came with it; nil is none.
	deposit *deposit.Signed
}

// attempt makes one paid call.
func (p *payer) attempt(ctx context.Context, ch *channel, t *terms, call *purchase) (Receipt, *refusal, error) {
	deposit, funded, err := p.topUpFor(ctx, ch, t)
	if err != nil {
		return Receipt{}, nil, err
	}
	defer funded()
	call.need.Price = t.accepted.Amount
	ceiling, err := p.reserve(ctx, ch, &call.need, deposit)
	if err != nil {
		return Receipt{}, nil, call.Explain(err)
	}
	call.Sign()
	paid, err := p.payment(ctx, ch, t, ceiling, deposit)
	if err != nil {
		call.Unsent += ch.Retract(ceiling)
		return Receipt{}, nil, err
	}
	patient, answered := ch.Patient(ctx)
	a, again, err := p.ask(patient, ch, call.wanted, paid)
	answered()
	if deposit != nil {
		err = errors.Join(err, p.deposited(ctx, ch, deposit, err))
	}
	if err != nil && a == nil {
		return Receipt{}, nil, p.unanswered(ch, ceiling, call, err)
	}
	if a.required != nil {
		return Receipt{}, &refusal{a.required, ceiling, again, deposit}, nil
	}
	receipt, err := p.settle(ch, ceiling, call, a)
	p.note(ch)
	receipt.Unwritten = p.owing()
	return receipt, nil, err
}

// unanswered ends the reservation of a call that no answer came to.
func (p *payer) unanswered(ch *channel, ceiling vouchers.Amount, call *purchase, err error) error {
	switch {
	case errors.Is(err, ErrUnreached):
		call.Unsent += ch.Retract(ceiling)
	case errors.Is(err, ErrUnknownOutcome):
		call.loses(ch, ceiling)
		p.note(ch)
	default:
		ch.Release(ceiling)
	}
	return err
}

// loses says that nobody knows what became of a voucher of the call.
func (call *purchase) loses(ch *channel, ceiling vouchers.Amount) {
	call.Lost = call.need.Price
	ch.Lose(ceiling)
}

func (p *payer) reserve(ctx context.Context, ch *channel, n *account.Need, deposit *deposit.Signed) (vouchers.Amount, error) {
	n.Deposit = 0
	if deposit != nil {
		n.Deposit = deposit.Deposit.Amount
		return ch.Reserve(ctx, n)
	}
	ceiling, err := ch.Reserve(ctx, n)
	if !errors.Is(err, account.ErrBalance) {
		return ceiling, err
	}
	switch stale := p.refresh(ctx, ch); {
	case errors.Is(stale, account.ErrOldBook):
		return 0, stale
	case stale != nil:
		return 0, err
	}
	return ch.Reserve(ctx, n)
}

// payment signs a voucher, and puts it beside a deposit if there is one.
func (p *payer) payment(ctx context.Context, ch *channel, t *terms, ceiling vouchers.Amount, deposit *deposit.Signed) (*x402.PaymentPayload, error) {
	voucher, err := p.sign(ctx, ch, ceiling)
	if err != nil {
		return nil, err
	}
	if deposit != nil {
		return wrap(t, &x402.DepositPayload{ChannelConfig: ch.config, Voucher: voucher, Deposit: *deposit.Deposit})
	}
	return wrap(t, &x402.VoucherPayload{ChannelConfig: ch.config, Voucher: voucher})
}

// inquire asks without a payment.
func (w *wanted) inquire(ctx context.Context) (*answer, error) {
	ctx, way := dial.OnWay(ctx)
	a, err := w.send(ctx, nil)
	if err != nil && way.NeverLeft() {
		return nil, fmt.Errorf("%w: %w", ErrUnreached, err)
	}
	return a, err
}

// send asks with a payment. Where no answer comes it is sent once more: the payment
// has an identifier, so that it is taken once at most; again says so.
func (p *payer) send(ctx context.Context, w *wanted, paid *x402.PaymentPayload) (a *answer, again bool, err error) {
	ctx, way := dial.OnWay(ctx)
	a, err = w.send(ctx, paid)
	if again = isSilence(err) && ctx.Err() == nil; again {
		a, err = w.send(ctx, paid)
	}
	switch {
	case err != nil && way.NeverLeft():
		return nil, again, fmt.Errorf("%w: %w", ErrUnreached, err)
	case isSilence(err):
		return nil, again, fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
	return a, again, err
}

// settle holds the answer of a paid call against the account.
func (p *payer) settle(ch *channel, ceiling vouchers.Amount, call *purchase, a *answer) (Receipt, error) {
	if a.receipt == nil && a.failed {
		ch.Release(ceiling) // it is signed again, so that a server that keeps it has it once
		return Receipt{}, nil
	}
	if a.receipt == nil {
		call.loses(ch, ceiling)
		return Receipt{}, fmt.Errorf("%w: the answer carries no receipt that can be read", account.ErrDishonest)
	}
	state, charged := a.receipt.Extra.ChannelState, a.receipt.Extra.ChargedAmount
	if !a.receipt.Success || state == nil || state.ChannelID != ch.id || state.ChargedCumulativeAmount == nil || charged == nil {
		call.loses(ch, ceiling)
		return Receipt{}, fmt.Errorf("%w: the receipt does not say what channel %s was charged", account.ErrDishonest, ch.id)
	}
	if err := ch.Settle(ceiling, *charged, *state.ChargedCumulativeAmount); err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{Paid: *charged > 0, Charged: *charged, Channel: ch.id, Cumulative: ch.Total()}
	if p.file(ch, *charged, a.signed) {
		receipt.Signed = a.signed
	}
	if receipt.Paid {
		p.judge(ch, receipt.Signed)
	}
	return receipt, nil
}

// reconsider reads why a payment was refused, ends its reservation, and returns the
// terms to try again on.
func (p *payer) reconsider(ctx context.Context, ch *channel, t *terms, call *purchase, no *refusal) (*terms, error) {
	fresh, proof, err := p.read(ctx, ch, t, call.name, no.required)
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Code == x402.ErrChannelBusy && ch.Collides(no.ceiling, 0) {
		fresh, err = t, nil
	}
	if proof == nil {
		ch.Release(no.ceiling)
		return fresh, err
	}
	if no.again && proof.Ceiling != nil && proof.Charged >= no.ceiling {
		call.loses(ch, no.ceiling)
		return nil, fmt.Errorf("%w: no answer came, and then the server says that the same voucher is used", ErrUnknownOutcome)
	}
	ch.Collides(no.ceiling, proof.Charged)
	return fresh, ch.Believe(proof, no.ceiling)
}

// read returns the terms of a refusal, and what it proves where the payment was for
// another amount than the server's account asks for.
func (p *payer) read(ctx context.Context, ch *channel, t *terms, name string, required *x402.PaymentRequired) (*terms, *account.Proof, error) {
	fresh, err := p.learnOf(ctx, name, required, &ch.id)
	if err != nil {
		return nil, nil, err
	}
	switch required.Error {
	case x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance:
		if fresh.accepted.Amount > t.accepted.Amount {
			p.prices.Vary(name)
			return fresh, nil, nil // these arguments cost more; the policy decides
		}
		proven, err := p.check(ctx, ch, required)
		return fresh, proven, err
	case x402.ErrChannelNotFound:
		return nil, nil, fmt.Errorf("%w to %s: deposit first, with `chit deposit AMOUNT`", book.ErrNoChannel, p.server)
	case x402.ErrInsufficientBalance:
		return nil, nil, fmt.Errorf("%w: %w", account.ErrBalance, refused(required))
	}
	return nil, nil, refused(required)
}

func refused(required *x402.PaymentRequired) *RefusedError {
	e := &RefusedError{Code: required.Error, Detail: required.ErrorMessage}
	if len(required.Accepts) > 0 {
		e.Price = required.Accepts[0].Amount
	}
	return e
}

// transactionOf reads the hash in a receipt, zero if there is none.
func transactionOf(response *x402.SettlementResponse) common.Hash {
	return common.HexToHash(response.Transaction)
}
