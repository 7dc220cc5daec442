package exact

import (
	"context"
	"errors"
	"time"

	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/transfers"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// By implements [sale.Way].
func (s *Seller) By(l *sale.Line, p sale.Presented) sale.Means {
	if !transfers.Are(p.Payment) {
		return nil
	}
	return &byTransfer{s, l, p}
}

// Proves implements [sale.Way]: a transfer can pay that its payer has signed and that the chain
// would take.
func (s *Seller) Proves(ctx context.Context, _ string, p sale.Presented) (bool, *terms.Refusal) {
	if !transfers.Are(p.Payment) {
		return false, nil
	}
	paid, refused := s.read(p.Payment)
	if refused == nil {
		if record, known, err := s.houseOf(paid).Look(paid.transfer.Key()); err == nil && known {
			return record.Is(paid.transfer), nil
		}
		refused = s.check(ctx, paid)
	}
	return refused == nil, refused
}

// Explain implements [sale.Way]: it notes whose payment it is. What a transfer lacks is said
// when it is to pay.
func (s *Seller) Explain(_ context.Context, l *sale.Line, p sale.Presented) *sale.Denial {
	if transfers.Are(p.Payment) {
		l.PaidBy(transfers.PayerOf(p.Payment), vouchers.ChannelID{})
	}
	return nil
}

// byTransfer pays with a transfer.
type byTransfer struct {
	seller    *Seller
	line      *sale.Line
	presented sale.Presented
}

// Hold takes the turn of the payment: the same one again waits until the call before it has
// ended, and gets its answer.
func (by *byTransfer) Hold(ctx context.Context, request [32]byte) (sale.Held, []byte, *sale.Denial) {
	by.line.PaidBy(transfers.PayerOf(by.presented.Payment), vouchers.ChannelID{})
	p, refused := by.seller.read(by.presented.Payment)
	if refused != nil {
		return nil, nil, &sale.Denial{Terms: refused}
	}
	if credential := by.presented.Credential; credential != nil {
		p.secret = credential.Challenge.ID
	}
	give, err := by.seller.turns.take(ctx, p.transfer.Key())
	if err != nil {
		return nil, nil, &sale.Denial{Terms: terms.Refuse(x402.ErrUnexpectedVerify, "%v, while another call with this payment runs: send it again", err)}
	}
	held, kept, refused := by.hold(ctx, p, p.of(request))
	if held == nil {
		give()
		if refused != nil {
			return nil, nil, &sale.Denial{Terms: refused}
		}
		return nil, kept, nil
	}
	held.give = give
	return held, nil, nil
}

func (by *byTransfer) hold(ctx context.Context, p *payment, request [32]byte) (*held, []byte, *terms.Refusal) {
	s := by.seller
	h := &held{payment: p, request: request}
	record, known, err := s.houseOf(p).Look(p.transfer.Key())
	if err != nil {
		return nil, nil, refusal(err)
	}
	if known {
		return s.again(h, &record)
	}
	kept, refused := s.answered(p, request)
	if kept != nil || refused != nil {
		return nil, kept, refused
	}
	if refused := by.fits(p); refused != nil {
		return nil, nil, refused
	}
	if owed := s.trust.debts.of(p.transfer.From); owed > 0 {
		return nil, nil, terms.Refuse(x402.ErrUnexpectedVerify, "this payer was trusted with %s that never came: this shop takes no more transfers from it; ask the seller", owed)
	}
	needsChain, refused := s.checkAlone(ctx, p)
	if refused == nil && needsChain {
		refused = s.checkOnChain(ctx, p) // a stranger sets nobody's money aside
	}
	if refused != nil {
		return nil, nil, refused
	}
	h.holding, err = s.pockets.hold(ctx, p.transfer, func(ctx context.Context) (vouchers.Amount, error) {
		return p.till.Token.Balance(ctx, p.till.Client, p.transfer.From)
	})
	if err != nil {
		return nil, nil, refusal(err)
	}
	if refused := s.checkOnChain(ctx, p); refused != nil {
		h.holding.end()
		return nil, nil, refused
	}
	return h, nil, nil
}

// again is for a payment that was accepted before: its answer, or what is left to do for it.
func (s *Seller) again(h *held, record *clearing.Record) (*held, []byte, *terms.Refusal) {
	n, err := readNote(record.Note)
	if err != nil {
		return nil, nil, refusal(err)
	}
	if !record.Is(h.payment.transfer) || n.Request != h.request {
		return nil, nil, usedUp(h.payment)
	}
	if n.Answered {
		kept, refused := s.answered(h.payment, h.request)
		if kept == nil && refused == nil {
			refused = terms.Refuse(transfers.NonceUsed(h.payment.transfer.Method), "this payment was answered, and the answer is not kept any more")
		}
		return nil, kept, refused
	}
	if record.State == clearing.Failed {
		return nil, nil, failed(h.payment, record)
	}
	h.ran, h.amount = n.Sold, record.Amount
	return h, nil, nil
}

// answered is what the payment was answered with, where that is kept.
func (s *Seller) answered(p *payment, request [32]byte) ([]byte, *terms.Refusal) {
	a, found, err := s.Store.Answer(answerKey(p.transfer.Key()))
	switch {
	case err != nil:
		return nil, refusal(err)
	case !found || a.Omitted || !s.Now().Before(a.Expires):
		return nil, nil
	case a.Fingerprint != request || a.Ceiling != p.transfer.Value:
		return nil, usedUp(p)
	}
	// What is kept is for who has signed, not for who has seen what was signed.
	if _, err := p.transfer.Check(time.Unix(int64(p.transfer.ValidAfter)+1, 0), 0, p.till.Token); err != nil {
		return nil, refusal(err)
	}
	return a.Body, nil
}

// fits holds the payment against what the call costs, and against what it may be paid by.
func (by *byTransfer) fits(p *payment) *terms.Refusal {
	s, o := by.seller, by.presented.Offer
	accept, way := s.acceptOf(o), offer.Exact
	if by.presented.Credential != nil {
		way = offer.MPP
	}
	if p.transfer.Method == transfer.Upto {
		way = offer.Upto
	}
	asked, worth := s.asks(p.till, by.line.Price)
	switch {
	case !accept.Takes(way):
		return terms.Refuse(x402.ErrScheme, "this is not sold by %s, but by %s", way, accept.Or(offer.Accept{offer.BatchSettlement}))
	case isMetered(o) && way != offer.Upto:
		return terms.Refuse(x402.ErrUnsupportedScheme, "what this costs is known once it has run: it is not sold by %s, which moves all that is signed", way)
	case !worth:
		return terms.Refuse(x402.ErrUnsupportedScheme, "%s is less than what a transfer costs to settle: pay by batch-settlement, which has no least price", by.line.Price)
	case p.transfer.Method == transfer.Upto && p.transfer.Value < asked, p.transfer.Method != transfer.Upto && p.transfer.Value != asked:
		no := terms.Refuse(transfers.AmountMismatch(p.transfer.Method), "%s is signed, the price is %s", p.transfer.Value, asked)
		no.Logged = terms.PriceDiffers
		return no
	}
	return nil
}

// settleTime is how long, beside the wait for an answer, a transfer must be good for when its
// call begins.
const settleTime = 15 * time.Second

// check holds a transfer against what can be known in memory, and then against the chain.
func (s *Seller) check(ctx context.Context, p *payment) *terms.Refusal {
	if _, refused := s.checkAlone(ctx, p); refused != nil {
		return refused
	}
	return s.checkOnChain(ctx, p)
}

// checkAlone holds a transfer against what can be known in memory, and says whether only the chain
// can tell that its payer has signed it.
func (s *Seller) checkAlone(ctx context.Context, p *payment) (needsChain bool, refused *terms.Refusal) {
	account, err := p.transfer.Check(s.Now(), settleTime, p.till.Token)
	if err != nil {
		return false, refusal(err)
	}
	if latest := s.Now().Add(clearing.MaxValidity); p.transfer.ValidBefore > uint64(latest.Unix()) {
		return false, terms.Refuse(x402.ErrExactValidBefore, "the transfer is good until %d, which is more than %s away", p.transfer.ValidBefore, clearing.MaxValidity)
	}
	if !s.mayAsk(ctx, p, account.NeedsChain()) {
		return false, terms.Refuse(x402.ErrUnexpectedVerify, "the chain is asked about too many transfers at the moment; send the same payment again in a few seconds")
	}
	return account.NeedsChain(), nil
}

func (s *Seller) checkOnChain(ctx context.Context, p *payment) *terms.Refusal {
	simulation := transfer.Simulation{Token: p.till.Token, Sender: p.till.Sender.Address(), Amount: p.transfer.Value}
	settlement, err := p.transfer.CheckOnChain(ctx, p.till.Client, simulation)
	if errors.Is(err, transfer.ErrNonceUsed) || errors.Is(err, transfer.ErrPermit2Nonce) {
		return s.sentByOthers(ctx, p, err)
	}
	if err != nil {
		return refusal(err)
	}
	return s.affords(p, settlement)
}

// affords refuses a transfer that takes more gas than it is worth, and one for which no gas is risked
// today.
func (s *Seller) affords(p *payment, settlement transfer.Settlement) *terms.Refusal {
	if cost := p.till.CostOf(settlement.Gas); cost > p.transfer.Value {
		return terms.Refuse(x402.ErrUnsupportedScheme, "settling this transfer takes %d units of gas, which cost %s, and it is over %s: pay by batch-settlement", settlement.Gas, cost, p.transfer.Value)
	}
	if err := s.risks(p, settlement.Account.RunsCode()); err != nil {
		return terms.Refuse(x402.ErrUnexpectedVerify, "%v", err)
	}
	return nil
}

// sentByOthers accepts a transfer that somebody has sent already, where that was since the shop
// was opened: it has bought nothing here before, or its record would be known.
func (s *Seller) sentByOthers(ctx context.Context, p *payment, used error) *terms.Refusal {
	use, err := s.houseOf(p).FindUse(ctx, p.transfer, s.opened[p.till.Account]+1)
	switch {
	case err != nil && !errors.Is(err, transfer.ErrSpent):
		return refusal(err)
	case use == nil:
		return refusal(used)
	}
	return nil
}

func usedUp(p *payment) *terms.Refusal {
	no := terms.Refuse(transfers.NonceUsed(p.transfer.Method), "this payment was made for another request: sign one for this")
	no.Conflict = true
	return no
}

func failed(p *payment, r *clearing.Record) *terms.Refusal {
	return terms.Refuse(transfers.TransactionFailed(p.transfer.Method), "the transfer cannot be paid any more: %s", r.Reason)
}

func (by *byTransfer) Busy(_ context.Context, many *sale.TooMany) *sale.Denial {
	return &sale.Denial{Terms: terms.Refuse(x402.ErrUnexpectedVerify, "%v", many)}
}

func (s *Seller) houseOf(p *payment) *clearing.House { return s.houses[p.till.Account] }
