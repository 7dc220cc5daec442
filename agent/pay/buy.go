package pay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// rounds is how often a call is repeated with a better payment.
const rounds = 4

// Buy asks for something, and pays if it costs something and the policy allows it: from a channel
// that holds enough or is topped up, and else by a transfer where the server takes one. What the
// last answer was, w has seen.
func (p *Payer) Buy(ctx context.Context, w *Want) (Receipt, error) {
	if err := p.direct.LookSoon(ctx); err != nil {
		p.owe(err)
	}
	expense := p.purse.Begin(w.Name, w.Most)
	o, err := p.offered(ctx, w, expense)
	switch {
	case o == nil:
		return Receipt{}, err
	case o.channel == nil:
		return p.buyByTransfer(ctx, w, o.transfers)
	}
	receipt, err := p.buyFromChannel(ctx, w, o.channel, expense)
	if !expense.Signed() && lacksFunds(err) {
		return p.buyUnfunded(ctx, w, o, err)
	}
	return receipt, err
}

func (p *Payer) buyFromChannel(ctx context.Context, w *Want, t *terms.Terms, expense *budget.Expense) (Receipt, error) {
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
			p.Prices.Agree(w.Name, expense.Sum())
		}
	}
	return receipt, err
}

// offer is how a server is paid for something: from a channel, nil if that has nothing to pay with,
// or by one of several transfers.
type offer struct {
	channel   *terms.Terms
	transfers []*terms.Transfer
}

// offered returns what to buy on, nil if it was answered without a payment. What is
// known may be the price of other arguments: where the policy forbids it, the server is
// asked for that of these.
func (p *Payer) offered(ctx context.Context, w *Want, expense *budget.Expense) (*offer, error) {
	known := p.Known(w.Name)
	var forbidden error
	if known != nil {
		if listed := p.atListPrice(ctx, w, known, expense); listed != nil {
			return &offer{channel: listed}, nil
		}
		if forbidden = expense.Hold(ctx, known.ID, known.Accepted.Amount); !errors.Is(forbidden, policy.ErrRefused) {
			return &offer{channel: known}, nil // another error comes again
		}
	}
	a, err := w.inquire(ctx)
	if err != nil || a.Required == nil {
		return nil, err
	}
	o, err := p.consider(ctx, w.Name, a)
	if err == nil && known != nil && o.channel != nil && o.channel.Accepted.Amount >= known.Accepted.Amount {
		return nil, forbidden
	}
	return o, err
}

func (p *Payer) payFor(ctx context.Context, t *terms.Terms, w *Want, expense *budget.Expense) (Receipt, error) {
	if err := p.writable(); err != nil {
		return Receipt{}, err
	}
	var last error
	call := &purchase{Want: w, Expense: expense}
	for range rounds {
		if err := expense.Hold(ctx, t.ID, t.Accepted.Amount); err != nil {
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
	*Want
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
func (p *Payer) attempt(ctx context.Context, ch *channel, t *terms.Terms, call *purchase) (Receipt, *refusal, error) {
	deposit, funded, err := p.topUpFor(ctx, ch, t)
	if err != nil {
		return Receipt{}, nil, err
	}
	defer funded()
	call.need.Price = t.Accepted.Amount
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
	a, again, err := p.ask(patient, ch, call.Want, paid)
	answered()
	if deposit != nil {
		err = errors.Join(err, p.deposited(ctx, ch, deposit, err))
	}
	if err != nil && a == nil {
		return Receipt{}, nil, p.unanswered(ch, ceiling, call, err)
	}
	if a.Required != nil {
		return Receipt{}, &refusal{a.Required, ceiling, again, deposit}, nil
	}
	receipt, err := p.settle(ch, ceiling, call, a)
	p.note(ch)
	receipt.Unwritten = p.owing()
	return receipt, nil, err
}

// unanswered ends the reservation of a call that no answer came to.
func (p *Payer) unanswered(ch *channel, ceiling vouchers.Amount, call *purchase, err error) error {
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

func (p *Payer) reserve(ctx context.Context, ch *channel, n *account.Need, deposit *deposit.Signed) (vouchers.Amount, error) {
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

// inquire asks without a payment.
func (w *Want) inquire(ctx context.Context) (*Answer, error) {
	ctx, way := dial.OnWay(ctx)
	a, err := w.Send(ctx, nil)
	if err != nil && way.NeverLeft() {
		return nil, fmt.Errorf("%w: %w", ErrUnreached, err)
	}
	return a, err
}

// presentations is how often a payment is sent at most whose seller does not know yet what became of
// it, and presentPause the time between two where the seller's answer is withheld.
const (
	presentations = 3
	presentPause  = 500 * time.Millisecond
)

// send asks with a payment. Where no answer comes it is sent once more, and where the answer is
// withheld until there is one: the payment has an identifier, so that it is taken once at most;
// again says that it was sent more than once.
func (p *Payer) send(ctx context.Context, w *Want, paid *words.Payment) (a *Answer, again bool, err error) {
	ctx, way := dial.OnWay(ctx)
	a, err = w.Send(ctx, paid)
	if again = isSilence(err) && ctx.Err() == nil; again {
		a, err = w.Send(ctx, paid)
	}
	for sent := 1; sent < presentations && err == nil && a.Withheld && paused(ctx); sent++ {
		again = true
		a, err = w.Send(ctx, paid)
	}
	switch {
	case err != nil && way.NeverLeft():
		return nil, again, fmt.Errorf("%w: %w", ErrUnreached, err)
	case isSilence(err):
		return nil, again, fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
	return a, again, err
}

// paused waits for the time between two presentations, and is false where the call is given up.
func paused(ctx context.Context) bool {
	pause := time.NewTimer(presentPause)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-pause.C:
		return true
	}
}

// settle holds the answer of a paid call against the account.
func (p *Payer) settle(ch *channel, ceiling vouchers.Amount, call *purchase, a *Answer) (Receipt, error) {
	if a.isSilent() && a.Failed {
		ch.Release(ceiling) // it is signed again, so that a server that keeps it has it once
		return Receipt{}, nil
	}
	charged, total, err := a.charge(ch.ID)
	if err != nil {
		call.loses(ch, ceiling)
		return Receipt{}, err
	}
	if err := ch.Settle(ceiling, charged, total); err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{Paid: charged > 0, Charged: charged, Channel: ch.ID, Cumulative: ch.Total()}
	if p.file(ch, charged, a.Signed) {
		receipt.Signed = a.Signed
	}
	if receipt.Paid {
		p.judge(ch, receipt.Signed)
	}
	return receipt, nil
}

// reconsider reads why a payment was refused, ends its reservation, and returns the
// terms to try again on.
func (p *Payer) reconsider(ctx context.Context, ch *channel, t *terms.Terms, call *purchase, no *refusal) (*terms.Terms, error) {
	fresh, proof, err := p.read(ctx, ch, t, call.Name, no.required)
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
func (p *Payer) read(ctx context.Context, ch *channel, t *terms.Terms, name string, required *x402.PaymentRequired) (*terms.Terms, *account.Proof, error) {
	fresh, err := p.learnOf(ctx, name, required, &ch.ID)
	if err != nil {
		return nil, nil, err
	}
	switch required.Error {
	case x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance:
		if fresh.Accepted.Amount > t.Accepted.Amount {
			p.Prices.Vary(name)
			return fresh, nil, nil // these arguments cost more; the policy decides
		}
		proven, err := p.check(ctx, ch, required)
		return fresh, proven, err
	case x402.ErrChannelNotFound:
		return nil, nil, fmt.Errorf("%w to %s: deposit first, with `chit deposit AMOUNT`", book.ErrNoChannel, p.Server)
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
