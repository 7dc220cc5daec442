package exact

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/transfers"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// held is a transfer that can pay for one call.
type held struct {
	payment *payment
	request common.Hash
	give    func()   // the turn of the payment back
	holding *holding // of the payer's money; nil for a call that has run before

	ran    []byte          // what was sold, of a call that has run before; nil where that is not kept
	amount vouchers.Amount // that moves; 0 until it is accepted
	record clearing.Record // once it is settled, or nothing is waited for
}

func (h *held) Release() {
	h.holding.end()
	h.give()
}

// errParts says that a transfer moves at once.
var errParts = errors.New("a transfer cannot be charged in parts")

func (h *held) Slices() bool { return false }

func (h *held) Part(context.Context, vouchers.Amount, func(ledger.Charge) (ledger.Kept, error), []vouchers.Put) error {
	return errParts
}

func (h *held) Ran() []byte { return h.ran }

func (h *held) Keeps() bool { return true }

func (h *held) Customer() sale.Customer {
	return sale.Customer{Channel: h.payment.account(), Payer: h.payment.transfer.From}
}

func (h *held) Receipt() receipts.Receipt { return receipts.Receipt{} }

func (h *held) Advice() string {
	return "it is not known yet whether the transfer was paid: send the same payment again, which pays once at most, and gets this answer when it is"
}

// Commit settles the transfer and charges it. What costs nothing sends nothing.
func (h *held) Commit(ctx context.Context, total vouchers.Amount, sold []byte, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	defer h.Release()
	s, t := h.payment.seller, h.payment.transfer
	if h.amount == 0 && total == 0 {
		return h.charge(ctx, 0, render, puts, shortAnswerTime)
	}
	trusted := false
	if h.amount == 0 {
		if h.amount = t.Value; t.Method == transfer.Upto {
			h.amount = total.Plus(s.Policy.Surcharge)
		}
		h.holding.settles()
		if trusted = s.trust.begin(t.Key(), t.From, h.amount, h.holding); trusted {
			h.holding = nil // the trust ends it
		}
	}
	n := note{Request: h.request, Sold: sold, Trusted: trusted}
	if len(sold) > maxAnswer { // the call runs again, should it come to that
		n.Sold = nil
	}
	ticket, err := s.houseOf(h.payment).Submit(ctx, t, h.amount, n.encode(), puts...)
	if err != nil {
		s.trust.end(t.Key())
		return h.denied(err)
	}
	if !trusted {
		if err := h.settle(ctx, ticket); err != nil {
			return err
		}
	}
	return h.charge(ctx, h.amount, render, nil, h.payment.answerTime())
}

// settle waits until the transfer is settled.
func (h *held) settle(ctx context.Context, ticket *clearing.Ticket) error {
	wait := h.payment.seller.Policy.Wait
	if wait == 0 {
		wait = DefaultWait
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	record, err := ticket.Wait(ctx)
	if errors.Is(err, clearing.ErrRejected) {
		return h.rejected(err)
	}
	if err != nil {
		return err
	}
	h.record = record
	switch {
	case record.State == clearing.Failed:
		return &sale.Denied{Denial: &sale.Denial{Terms: failed(h.payment, &record)}}
	case record.Sibling != (common.Address{}):
		return &sale.Denied{Denial: &sale.Denial{Terms: terms.Refuse(transfers.NonceUsed(h.payment.transfer.Method),
			"this payment belongs to another shop of the same seller, %s: what it paid for is there", record.Sibling)}}
	}
	return nil
}

// rejected gives up a transfer that the chain refuses as things are: it was sent to nobody, and a
// payer who is told so may pay in another way.
func (h *held) rejected(why error) error {
	dropped, err := h.payment.seller.houseOf(h.payment).Drop(context.Background(), h.payment.transfer.Key())
	if err != nil || !dropped {
		return errors.Join(why, err)
	}
	return h.denied(why)
}

// denied is an error of the house: a refusal, where it is known that nothing was accepted.
func (h *held) denied(err error) error {
	if !isRefusal(err) {
		return err
	}
	return &sale.Denied{Denial: &sale.Denial{Terms: refusal(err)}}
}

// How long an answer is kept for who asks again with the same payment. A transfer is on the
// chain for everybody to see, so that without a secret anybody can bring it again: its answer is
// kept for so long as a payer needs who has lost a connection. What cost nothing is kept no longer
// either. A record outlives its transfer's own time, so nobody pays twice.
const (
	answerTime      = 24 * time.Hour
	shortAnswerTime = 10 * time.Minute
)

func (p *payment) answerTime() time.Duration {
	if p.secret == "" {
		return shortAnswerTime
	}
	return answerTime
}

// maxAnswer is the largest answer that is kept, in bytes.
const maxAnswer = 1 << 20

// charge makes the charge durable with its receipt and the answer.
func (h *held) charge(ctx context.Context, amount vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put, kept time.Duration) error {
	s := h.payment.seller
	err := s.accounts.charge(ctx, h.payment, amount, func(c ledger.Charge) (vouchers.Ticket, error) {
		k, err := render(c)
		if err != nil {
			return nil, err
		}
		if amount > 0 {
			answered := note{Request: h.request, Trusted: h.record.State != clearing.Settled, Answered: true}
			if c.Cumulative == amount {
				puts = append(puts, vouchers.Put{Bucket: accountsBucket, Key: c.Channel[:], Value: encodeAccount(c.State.Deployment, c.State.Config)})
			}
			puts = append(puts, s.houseOf(h.payment).Noted(h.payment.transfer.Key(), answered.encode()))
		}
		return s.Store.Submit(vouchers.Update{Answer: h.keeps(k.Answer, kept), Entry: k.Entry, Puts: append(puts, k.Puts...)}), nil
	})
	if err != nil {
		return fmt.Errorf("charge a transfer of %s: %w", amount, err)
	}
	return nil
}

func (h *held) keeps(body []byte, kept time.Duration) *vouchers.Answer {
	a := &vouchers.Answer{
		Key: answerKey(h.payment.transfer.Key()), Fingerprint: h.request, Ceiling: h.payment.transfer.Value, Expires: h.payment.seller.Now().Add(kept),
	}
	if a.Omitted = body == nil || len(body) > maxAnswer; !a.Omitted {
		a.Body = body
	}
	return a
}

// Tell says what has moved, and in which transaction.
func (h *held) Tell(_ context.Context, charged vouchers.Amount, state ledger.Channel, _ *receipts.Receipt) (sale.Told, error) {
	response := x402.SettlementResponse{Success: true, Network: state.Deployment.Network(), Payer: h.payment.transfer.From, Amount: &charged, Extra: x402.SettlementExtra{ChargedAmount: &charged}}
	if h.record.State == clearing.Settled {
		response.Transaction = h.record.Transaction.Hex()
	}
	return sale.Told{Response: response}, nil
}
