package server

import (
	"context"
	"time"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// sale is one call that is paid for: how it is paid is its means, and how it is asked for and
// answered its carrier. What is paid, run, charged, kept and given again, and in which order,
// stands here alone.
//
// The price is held before the call runs, and charged after it, durably, before its answer
// leaves. A call that fails, or whose client goes away, costs nothing unless the seller
// says so; one whose charge cannot be made durable has its answer withheld.
type sale[A any] struct {
	shop *Shop
	line *line
	rate *offer.Offer
	by   means
	on   carrier[A]

	bill *bill // once the call runs
}

// means is a way to pay. It knows nothing of how the call came.
type means interface {
	// hold sets the price of the line aside for a request. Where the request was paid for and
	// answered before, what was kept of that is returned in its place.
	hold(ctx context.Context, request [32]byte) (h held, kept []byte, no *denial)
	// busy is the denial of a call of somebody who has too many that are not charged.
	busy(ctx context.Context, many *tooManyUncharged) *denial
}

// held is money that is set aside for one call. It is proved: the signature was checked.
type held interface {
	// release gives it back, unless it was charged. It may be called again.
	release()
	// commit charges a part of it, durably, with what render keeps beside the charge.
	commit(ctx context.Context, total vouchers.Amount, render func(vouchers.Charge) (vouchers.Kept, error), puts []vouchers.Put) error
	// customer is who pays, as limits go by it, and config the channel that does.
	customer() customerKey
	config() vouchers.ChannelConfig
	// keeps says whether the answer is kept, for who sends the same again.
	keeps() bool
	// receipt begins the receipt, with what is known of the payment.
	receipt() receipts.Receipt
	// tell is what the payer is told of a charge, of 0 where the call costs nothing; r is nil
	// where there is no receipt.
	tell(ctx context.Context, charged vouchers.Amount, state vouchers.Channel, r *receipts.Signed) (told, error)
	// advice is what a payer can do whose answer is withheld.
	advice() string
}

// denial is why a call is not sold: by a voucher, or by a credit token.
type denial struct {
	terms *terms.Refusal
	token *terms.CreditRefusal
}

// told is what an answer says of its payment.
type told struct {
	response x402.SettlementResponse
	token    *terms.CreditReceipt // of a call on a credit token
	receipt  *receipts.Signed     // nil where nothing was charged
	free     *offer.FreeCall      // nil where the call was not free
}

// carrier is one request as its transport has it, and A the answer. It knows nothing of how
// the call is paid for.
type carrier[A any] interface {
	// request tells this request from another under the same payment, and resource is what
	// receipts call what it asks for.
	request() [32]byte
	resource() string
	// serve makes the call, with its meter, and says how it has ended.
	serve(ctx context.Context, b *bill) (A, ending)
	// sells is what of an answer that is charged leaves, and false where it is none that can be.
	sells(end ending, answer A) (A, bool)
	// note adds to an answer what is told of its payment, and returns what it has added, for
	// pack.
	note(t told) (added[A], error)
	// pack is an answer without its notes, to be kept, and unpack one with them.
	pack(answer A) ([]byte, error)
	unpack(kept []byte) (A, error)
	// refuse, withhold and break answer in place of what was asked for.
	refuse(ctx context.Context, no *denial) A
	withhold(advice string) A
	breakOff(err error) A
}

// added are notes, encoded once, so that charges of one channel wait for no more than that.
type added[A any] interface{ into(answer A) }

func (s *sale[A]) run(ctx context.Context) A {
	until, untie := untied(ctx)
	defer untie()
	held, kept, no := s.by.hold(until, s.on.request())
	if no != nil {
		return s.on.refuse(ctx, no)
	}
	s.shop.observe(s.line.name, time.Since(s.line.began))
	if kept != nil {
		return s.replay(ctx, kept)
	}
	defer held.release()
	tab, many := s.shop.opens(held.customer(), s.line.name, s.rate)
	if many != nil {
		held.release()
		return s.on.refuse(ctx, s.by.busy(ctx, many))
	}
	defer tab.close()
	untie()
	s.bill = s.shop.openBill(s.line, s.rate, held.config)
	s.bill.tab = tab
	defer s.bill.close(false)
	defer func() { s.bill.hold.end(false) }()
	answer, end := s.on.serve(ctx, s.bill)
	s.bill.end = end
	if end.isCharged(s.rate) {
		if sold, ok := s.on.sells(end, answer); ok {
			return s.charge(context.WithoutCancel(ctx), held, sold)
		}
	}
	held.release()
	if end == unfinished {
		tab.goOn()
	}
	s.line.end(ctx, end.code(), 0)
	s.sayUncharged(ctx, held, answer)
	return answer
}

// charge makes the charge durable, then lets the answer out with its receipt.
func (s *sale[A]) charge(ctx context.Context, h held, answer A) A {
	var sold []byte
	if h.keeps() {
		var err error
		if sold, err = s.on.pack(answer); err != nil {
			return s.on.breakOff(err)
		}
	}
	total, puts := s.bill.total(ctx)
	var notes added[A]
	err := h.commit(ctx, total, func(c vouchers.Charge) (vouchers.Kept, error) {
		receipt := h.receipt()
		receipt.Resource, receipt.Request = s.on.resource(), s.on.request()
		return s.shop.keep(ctx, &c, receipt, func(r *receipts.Signed) ([]byte, error) {
			told, err := h.tell(ctx, c.Charged, c.State, r)
			if err != nil {
				return nil, err
			}
			told.receipt, told.free = r, s.bill.free
			if notes, err = s.on.note(told); err != nil || !h.keeps() {
				return nil, err
			}
			return joinKept(sold, notes)
		})
	}, puts)
	s.bill.close(err == nil)
	s.bill.settle(total, err)
	if err != nil {
		s.line.withheld(ctx, err)
		return s.on.withhold(h.advice())
	}
	s.line.end(ctx, s.bill.end.code(), total)
	notes.into(answer)
	return answer
}

// sayUncharged says on an answer that it cost nothing.
func (s *sale[A]) sayUncharged(ctx context.Context, h held, answer A) {
	state, ok := s.shop.Ledger.Channel(h.customer().channel)
	if !ok {
		return
	}
	told, err := h.tell(ctx, 0, state, nil)
	if err == nil {
		var notes added[A]
		if notes, err = s.on.note(told); err == nil {
			notes.into(answer)
			return
		}
	}
	s.shop.logger.Error("encode what a failed call says of its payment", s.line.kind, s.line.name, "error", err)
}

// replay answers with what the same payment for the same request was answered with.
func (s *sale[A]) replay(ctx context.Context, kept []byte) A {
	answer, err := s.on.unpack(kept)
	if err != nil {
		return s.on.breakOff(err)
	}
	s.line.end(ctx, codeRepeated, 0)
	return answer
}
