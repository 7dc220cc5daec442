package voucher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// Refund gives the refund that a payment asks for, also when who asked has gone meanwhile.
func (s *Seller) Refund(ctx context.Context, l *sale.Line, payload *x402.PaymentPayload) (*x402.SettlementResponse, *terms.Refusal) {
	inFull{payload}.namesPayer(l)
	p, refused := s.accept(payload, 0) // it pays for nothing
	if refused != nil {
		return nil, refused
	}
	r, ok := p.body.(*x402.RefundPayload)
	if !ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "this tool takes a refund, not a %T", p.body)
	}
	if err := s.checkVoucher(p); err != nil {
		return nil, terms.Refuse(x402.ErrVoucherSignature, "%v", err)
	}
	return s.refund(context.WithoutCancel(ctx), p, r.Amount)
}

// refund claims what the channel owes and gives amount, or all of the rest if it is
// nil, back to the payer in the same transaction. Calls in flight come first: the
// refund is refused while there are any, and calls are refused while it runs. A
// refund under a payment identifier is given once.
func (s *Seller) refund(ctx context.Context, p *Payment, amount *vouchers.Amount) (*x402.SettlementResponse, *terms.Refusal) {
	id := p.Voucher.Channel
	if ch, known := s.ledger.Channel(id); known && terms.IsBurnt(ch, p.Voucher.Ceiling) {
		if p.ordered = mayBeOrdered(p, ch, amount); !p.ordered {
			given, _, refused := s.judgeRefund(p, amount)
			return given, p.shown(refused)
		}
	}
	if !s.mayAsk(ctx, p, nil) {
		return nil, tooManyLookups()
	}
	finished, refused := s.errand(ctx, p)
	if refused != nil {
		return nil, refused
	}
	defer finished()
	p.till.LearnGasPrice(ctx)
	if refused := s.refresh(ctx, p.till, p.Config, nil); refused != nil {
		return nil, refused
	}
	if refused := s.learn(ctx, p); refused != nil {
		return nil, refused
	}
	unfreeze, err := s.ledger.Freeze(id)
	if err != nil {
		return nil, terms.FromLedger(err)
	}
	given, back, refused := s.judgeRefund(p, amount)
	if given != nil || refused != nil {
		unfreeze()
		return given, p.shown(refused)
	}
	spent, refused := s.mayRefund(ctx, p.till, id, back)
	if refused != nil {
		unfreeze()
		return nil, refused
	}
	return s.giveBack(ctx, p, amount, back, spent, unfreeze)
}

// judgeRefund returns how much goes back, or the answer that the same refund got
// before. What goes back is called for with the channel frozen.
func (s *Seller) judgeRefund(p *Payment, amount *vouchers.Amount) (*x402.SettlementResponse, vouchers.Amount, *terms.Refusal) {
	if given, refused := s.givenRefund(p, amount); given != nil || refused != nil {
		return given, 0, refused
	}
	channel, _ := s.ledger.Channel(p.Voucher.Channel)
	if p.Voucher.Ceiling != channel.Count() {
		return nil, 0, &terms.Refusal{Code: x402.ErrCumulativeAmountMismatch, Channel: &channel, Detail: fmt.Sprintf("%s is not what a refund's voucher is for", p.Voucher.Ceiling)}
	}
	back, refused := refundable(channel, amount)
	if refused != nil {
		return nil, 0, refused
	}
	return nil, back, provesPayer(p, channel, amount)
}

// giveBack sends a refund and books it, and thaws the channel once the ledger knows.
func (s *Seller) giveBack(ctx context.Context, p *Payment, amount *vouchers.Amount, back vouchers.Amount, spent *spent, unfreeze func()) (*x402.SettlementResponse, *terms.Refusal) {
	id := p.Voucher.Channel
	owed := s.owed(id, back)
	err := s.beginRefund(ctx, id)
	if err == nil {
		err = s.ledger.Burn(ctx, id, owed.Ceiling)
	}
	if err != nil {
		spent.end(0)
		unfreeze()
		return nil, terms.FromLedger(err)
	}
	done, err := s.sendRefund(ctx, p.till, owed, back, spent)
	if errors.Is(err, txmgr.ErrClosed) { // it may still be on its way: the next run thaws the channel
		return nil, terms.Refuse(x402.ErrRefundTransactionFailed, "%v", err)
	}
	if booked := s.endRefund(ctx, id, thaw{p.till, p.Config, unfreeze}); booked != nil {
		return nil, booked
	}
	defer unfreeze()
	if err != nil {
		s.logger.Warn("refund failed", "payer", p.Config.Payer, "channel", id, "amount", back, "error", err)
		return nil, s.refundFailed(err)
	}
	after, _ := s.ledger.Channel(id)
	tx := done.Receipt.TxHash
	if done.Paid == 0 {
		s.logger.Warn("a refund gave nothing back", "payer", p.Config.Payer, "channel", id, "amount", back, "tx", tx)
		return nil, &terms.Refusal{Code: x402.ErrRefundNoBalance, Channel: &after,
			Detail: fmt.Sprintf("transaction %s gave nothing back: a withdrawal was finished before it", tx)}
	}
	s.logger.Info("refund", "payer", p.Config.Payer, "channel", id, "amount", done.Paid, "tx", tx)
	response := terms.Response(after)
	response.Transaction = tx.Hex()
	response.Amount = &done.Paid
	s.keepRefund(ctx, p, amount, &response)
	return &response, nil
}

func (s *Seller) sendRefund(ctx context.Context, t *till.Till, owed escrow.Claim, back vouchers.Amount, spent *spent) (escrow.Returned, error) {
	most := uint64(s.limits.RefundGasCap)
	done, err := t.Escrow.Refund(ctx, t.Sender, owed, back, escrow.WithMaxGas(most))
	if err != nil {
		spent.fail(err, most)
		return done, err
	}
	spent.end(done.Receipt.GasUsed)
	return done, nil
}

func (s *Seller) refundFailed(err error) *terms.Refusal {
	if errors.Is(err, chain.ErrGasCap) {
		s.met("refundGasCap")
		return terms.Refuse(x402.ErrRefundSimulationFailed, "%v; this shop pays for no more: withdraw by a transaction of your own", err)
	}
	if errors.Is(err, chain.ErrFunds) {
		return s.outOfGas(x402.ErrRefundTransactionFailed, "refunds", err)
	}
	return terms.Refuse(x402.ErrRefundTransactionFailed, "%v", err)
}

// owed is what a refund claims before it. A part of the money leaves the channel in use,
// and its newest voucher to the payer.
func (s *Seller) owed(id vouchers.ChannelID, back vouchers.Amount) escrow.Claim {
	channel, _ := s.ledger.Channel(id)
	all := back == channel.Balance-min(channel.Balance, terms.SpokenFor(channel))
	owed := settle.ClaimOf(s.ledger, channel, all || channel.Withdrawal.FinalizeAfter > 0)
	if owed.Value() == 0 {
		return escrow.Claim{Config: channel.Config}
	}
	return owed
}

// keptRefund is a refund that was given under a payment identifier: what was asked
// for, and the answer.
type keptRefund struct {
	Ceiling  vouchers.Amount         `json:"ceiling"`
	Amount   *vouchers.Amount        `json:"amount,omitempty"`
	Response x402.SettlementResponse `json:"response"`
}

func (s *Seller) refunds() vouchers.Bucket { return s.store.Bucket("refunds") }

func refundKey(p *Payment) []byte { return append(p.Voucher.Channel[:], p.identifier...) }

// givenRefund is what the same refund was answered with before, nil if there is
// none. Where one is called for with the channel frozen, the same refund twice at once
// is refused once. The identifier is the asker's own: the rest can be read on chain, and
// the answer says no more than that of the channel.
func (s *Seller) givenRefund(p *Payment, amount *vouchers.Amount) (*x402.SettlementResponse, *terms.Refusal) {
	if p.identifier == "" {
		return nil, nil
	}
	raw, err := s.refunds().Get(refundKey(p))
	if err != nil {
		return nil, terms.FromLedger(err)
	}
	if raw == nil {
		return nil, nil
	}
	var kept keptRefund
	if err := json.Unmarshal(raw, &kept); err != nil {
		return nil, terms.FromLedger(fmt.Errorf("read the refund that was given under %q: %w", p.identifier, err))
	}
	if sameAmount := amount == kept.Amount || amount != nil && kept.Amount != nil && *amount == *kept.Amount; !sameAmount || p.Voucher.Ceiling != kept.Ceiling {
		return nil, terms.Refuse(x402.ErrPayload, "the payment identifier was used for another refund")
	}
	return &kept.Response, nil
}

// keepRefund remembers the answer to a refund. The money has moved: where this
// fails, the same refund again is a new one.
func (s *Seller) keepRefund(ctx context.Context, p *Payment, amount *vouchers.Amount, response *x402.SettlementResponse) {
	if p.identifier == "" {
		return
	}
	raw, err := json.Marshal(keptRefund{p.Voucher.Ceiling, amount, *response})
	if err == nil {
		err = s.refunds().Put(ctx, refundKey(p), raw)
	}
	if err != nil {
		s.logger.Error("the refund was given, its answer could not be kept", "channel", p.Voucher.Channel, "tx", response.Transaction, "error", err)
	}
}

// refundable is how much of a channel can go back. What was charged is claimed in the
// same transaction. What is with credit tokens cannot be: a pending withdrawal may be
// finished first, and the refund would come on top of it, out of their money.
func refundable(ch ledger.Channel, amount *vouchers.Amount) (vouchers.Amount, *terms.Refusal) {
	rest, ok := ch.Balance.Sub(terms.SpokenFor(ch))
	if ok && ch.Aside > 0 {
		rest, ok = rest.Sub(ch.Withdrawal.Amount)
	}
	if !ok || rest == 0 {
		detail := "all that the channel holds is charged, or with credit tokens"
		if ch.Aside > 0 && ch.Withdrawal.Amount > 0 {
			detail += ", or being withdrawn"
		}
		return 0, &terms.Refusal{Code: x402.ErrRefundNoBalance, Channel: &ch, Detail: detail}
	}
	if amount == nil {
		return rest, nil
	}
	if *amount == 0 || *amount > rest {
		return 0, &terms.Refusal{Code: x402.ErrRefundAmountInvalid, Channel: &ch, Detail: fmt.Sprintf("%s is not within 0 and the rest, %s", *amount, rest)}
	}
	return *amount, nil
}
