package adversary_test

import (
	"time"

	"pgregory.net/rapid"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// number is one that a lie may be made of: one of those that mean something to the
// payer, or beside it.
func (w *world) number(t *rapid.T, what string, a *ask) vouchers.Amount {
	_, voucher := paidFrom(a.payment)
	ch := w.seen[voucher.ChannelID]
	near := []vouchers.Amount{0, price, voucher.MaxClaimableAmount, voucher.MaxClaimableAmount - min(price, voucher.MaxClaimableAmount), ch.highest, ch.charged}
	near = append(near, w.found...)
	n := rapid.SampledFrom(near).Draw(t, what)
	switch rapid.IntRange(0, 11).Draw(t, what+" and") {
	case 0:
		return n + 1
	case 1:
		return n - min(n, 1)
	case 2:
		return n + price
	case 3:
		return 1<<64 - 1
	}
	return n
}

// honest is what an honest shop answers.
func (w *world) honest(a *ask) reply {
	_, voucher := paidFrom(a.payment)
	id, ch := voucher.ChannelID, w.seen[voucher.ChannelID]
	asked := a.payment.Accepted.Amount
	switch p := a.payment.Payload.(type) {
	case *x402.RefundPayload:
		has := w.node.truth[id]
		amount := has.balance - min(has.balance, max(ch.charged, has.claimed))
		if p.Amount != nil {
			amount = min(amount, *p.Amount)
		}
		w.node.truth[id] = money{has.balance - amount, has.claimed}
		w.node.wallet += amount
		return reply{receipt: w.receipt(a, 0, ch.charged, &amount)}
	case *x402.DepositPayload:
		w.make(id, p.Deposit.Authorization.Erc3009.Salt.String())
		if isMoneyTool(a.tool) {
			return reply{receipt: w.receipt(a, 0, ch.charged, &p.Deposit.Amount)}
		}
	}
	if voucher.MaxClaimableAmount < ch.charged+asked {
		return w.corrects(a, x402.ErrCumulativeAmountMismatch, &ch.charged, w.best(ch))
	}
	ch.charged += asked
	return reply{receipt: w.receipt(a, asked, ch.charged, nil), signed: w.issue(a, asked)}
}

// best is the highest voucher of a channel.
func (w *world) best(ch *channel) *x402.SignedVoucher {
	best := &ch.vouchers[0]
	for i := range ch.vouchers {
		if ch.vouchers[i].MaxClaimableAmount > best.MaxClaimableAmount {
			best = &ch.vouchers[i]
		}
	}
	return best
}

// make puts a deposit on chain, if that can still be done.
func (w *world) make(id vouchers.ChannelID, salt string) {
	d := w.seen[id].deposits[salt]
	if d.made || !time.Now().Before(d.until) || w.node.wallet < d.amount {
		return
	}
	d.made = true
	has := w.node.truth[id]
	w.node.truth[id] = money{has.balance + d.amount, has.claimed}
	w.node.wallet -= d.amount
}

func (w *world) receipt(a *ask, charged, total vouchers.Amount, moved *vouchers.Amount) *x402.SettlementResponse {
	config, voucher := paidFrom(a.payment)
	return &x402.SettlementResponse{
		Success: true, Network: a.payment.Accepted.Network, Payer: config.Payer, Amount: moved,
		Extra: x402.SettlementExtra{ChargedAmount: &charged, ChannelState: &x402.ChannelState{
			ChannelID: voucher.ChannelID, Balance: w.node.truth[voucher.ChannelID].balance, ChargedCumulativeAmount: &total,
		}},
	}
}

// corrects refuses a payment and says how much is charged, under which voucher; either may
// be nil.
func (w *world) corrects(a *ask, code x402.ErrorCode, charged *vouchers.Amount, shown *x402.SignedVoucher) reply {
	terms := a.payment.Accepted
	_, voucher := paidFrom(a.payment)
	terms.Extra.ChannelState = &x402.ChannelState{ChannelID: voucher.ChannelID, ChargedCumulativeAmount: charged}
	if shown != nil {
		terms.Extra.VoucherState = &x402.VoucherState{SignedMaxClaimable: &shown.MaxClaimableAmount, Signature: shown.Signature}
	}
	return reply{required: w.sellers[a.shop].required(code, terms)}
}

// codes are what refusals are called.
var codes = []x402.ErrorCode{
	x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance, x402.ErrChannelNotFound,
	x402.ErrInsufficientBalance, x402.ErrChannelBusy, x402.ErrVoucherSignature, x402.ErrDepositTransactionFailed, x402.ErrPaymentRequired, "anything",
}

// lie is what a shop answers that says whatever it likes.
func (w *world) lie(t *rapid.T, a *ask) reply {
	switch rapid.SampledFrom([]string{"receipt", "receipt", "correction", "correction", "correction", "refusal", "failure", "nothing", "silence", "other receipt", "restored"}).Draw(t, "kind") {
	case "receipt":
		charged := rapid.SampledFrom([]vouchers.Amount{0, price, price - 1, a.payment.Accepted.Amount, 1}).Draw(t, "charged")
		r := w.receipt(a, charged, w.number(t, "total", a), nil)
		if isMoneyTool(a.tool) {
			moved := w.number(t, "moved", a)
			r.Amount = &moved
		}
		return reply{receipt: r, signed: w.forge(t, a, charged), failed: rapid.Bool().Draw(t, "failed")}
	case "correction":
		code := rapid.SampledFrom(codes[:3]).Draw(t, "code")
		charged := w.number(t, "charged", a)
		_, voucher := paidFrom(a.payment)
		ch := w.seen[voucher.ChannelID]
		switch rapid.SampledFrom([]string{"any", "any", "this", "this", "none", "forged", "not even a count"}).Draw(t, "proof") {
		case "any":
			shown := pick(t, "shown", ch.vouchers)
			return w.corrects(a, code, smaller(t, charged, shown.MaxClaimableAmount), &shown)
		case "this":
			return w.corrects(a, code, smaller(t, charged, voucher.MaxClaimableAmount), &voucher)
		case "forged":
			forged := voucher
			forged.MaxClaimableAmount = charged
			return w.corrects(a, code, &charged, &forged)
		case "none":
			return w.corrects(a, code, &charged, nil)
		}
		return w.corrects(a, code, nil, nil)
	case "refusal":
		return reply{required: w.sellers[a.shop].required(rapid.SampledFrom(codes).Draw(t, "code"), w.drawTerms(t, a.shop)...)}
	case "failure":
		return reply{failed: true}
	case "nothing":
		return reply{}
	case "restored":
		return w.wants(t, a)
	case "other receipt":
		r := w.receipt(a, price, w.number(t, "total", a), nil)
		switch rapid.IntRange(0, 3).Draw(t, "without") {
		case 0:
			r.Success = false
		case 1:
			r.Extra.ChannelState = nil
		case 2:
			r.Extra.ChargedAmount = nil
		case 3:
			r.Extra.ChannelState.ChannelID[0]++
		}
		return reply{receipt: r}
	}
	return reply{cut: true}
}

// smaller is mostly no more than what a voucher proves.
func smaller(t *rapid.T, charged, most vouchers.Amount) *vouchers.Amount {
	if rapid.IntRange(0, 3).Draw(t, "beyond the proof") > 0 {
		charged = min(charged, most)
	}
	return &charged
}

// drawTerms are terms of a shop's, or what it gives for them.
func (w *world) drawTerms(t *rapid.T, origin string) []x402.Requirements {
	one := func(what string) x402.Requirements {
		terms := termsAt(origin, rapid.SampledFrom(escrows).Draw(t, "escrow"))
		switch rapid.SampledFrom([]string{"usual", "usual", "price", "price", "receiver", "authorizer", "delay", "another's", "least"}).Draw(t, what) {
		case "price":
			terms.Amount = rapid.SampledFrom([]vouchers.Amount{1, price - 1, price + 1, dearest, dearest + 1, 10 * price}).Draw(t, "price")
		case "receiver":
			terms.PayTo = addressOf(rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(t, "receiver"))
		case "authorizer":
			terms.Extra.ReceiverAuthorizer = authorizers[rapid.SampledFrom([]string{"a1", "a2"}).Draw(t, "authorizer")].Address()
		case "delay":
			terms.Extra.WithdrawDelay = rapid.Uint64Range(900, 1000).Draw(t, "delay")
		case "another's":
			terms.PayTo, terms.Extra.ReceiverAuthorizer = addressOf("receiver "+here), authorizers[here].Address()
		case "least":
			terms.Extra.MinDeposit = rapid.SampledFrom([]vouchers.Amount{1, topUp + 1, 100 * price}).Draw(t, "least")
		}
		return terms
	}
	all := []x402.Requirements{one("terms")}
	if rapid.IntRange(0, 3).Draw(t, "two ways") == 0 {
		all = append(all, one("other terms"))
	}
	return all
}

// drawMood is how a node lies.
func drawMood(t *rapid.T, found []vouchers.Amount) mood {
	var m mood
	lies := append([]vouchers.Amount{0, price, topUp, 100 * price}, found...)
	say := func(what string) func(vouchers.Amount) vouchers.Amount {
		if rapid.Bool().Draw(t, what+" is true") {
			return nil
		}
		n := rapid.SampledFrom(lies).Draw(t, what)
		if rapid.Bool().Draw(t, "added") {
			return func(true vouchers.Amount) vouchers.Amount { return true + n }
		}
		return func(vouchers.Amount) vouchers.Amount { return n }
	}
	m.balance, m.claimed, m.wallet = say("balance"), say("claimed"), say("wallet")
	m.clock = rapid.SampledFrom([]time.Duration{0, 0, 0, -time.Hour, 9 * time.Minute, time.Hour, 1000 * time.Hour}).Draw(t, "clock")
	m.breaks = rapid.IntRange(0, 9).Draw(t, "breaks") == 0
	return m
}

// idOf is the channel that a payer opens to a shop.
func (w *world) idOf(origin string, salt [32]byte) vouchers.ChannelID {
	terms := termsAt(origin, escrows[0])
	payer := w.options.Key.Address()
	return vouchers.NewDomain(vouchers.Deployment{ChainID: chainID, Escrow: escrows[0]}).ChannelID(vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: terms.PayTo, ReceiverAuthorizer: terms.Extra.ReceiverAuthorizer,
		Token: terms.Asset, WithdrawDelay: terms.Extra.WithdrawDelay, Salt: salt,
	})
}

var payerKey = crypto.Keccak256([]byte("a payer with many shops"))
