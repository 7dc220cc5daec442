package voucher

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// depositReceipt is a deposit that was taken.
type depositReceipt struct {
	tx     common.Hash // zero if another transaction brought the same deposit in
	amount vouchers.Amount
}

func (d *depositReceipt) into(r *x402.SettlementResponse) {
	r.Amount = &d.amount
	if d.tx != (common.Hash{}) {
		r.Transaction = d.tx.Hex()
	}
}

// Deposited is what came of a deposit.
type Deposited struct {
	// Response is the receipt of x402.
	Response x402.SettlementResponse
	// Amount is what was deposited, and Balance what the channel holds now, in atomic USDC.
	Amount, Balance vouchers.Amount
}

// Deposit takes the deposit of a payment that pays for nothing.
func (s *Seller) Deposit(ctx context.Context, l *sale.Line, payload *x402.PaymentPayload) (*Deposited, *terms.Refusal, error) {
	inFull{payload}.namesPayer(l)
	p, refused := s.accept(payload, 0)
	if refused != nil {
		return nil, refused, nil
	}
	d, ok := p.body.(*x402.DepositPayload)
	if !ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "this tool takes a deposit, not a %T", p.body), nil
	}
	receipt, refused := s.takeDeposit(ctx, p, d)
	if refused != nil {
		return nil, refused, nil
	}
	channel, ok := s.ledger.Channel(p.Voucher.Channel)
	if !ok {
		return nil, nil, fmt.Errorf("channel %s is not in the ledger after its deposit", p.Voucher.Channel)
	}
	response := s.seen(p, channel)
	receipt.into(&response)
	return &Deposited{response, receipt.amount, channel.Balance}, nil, nil
}

// seen is the receipt of a payment, which tells of its channel what who sent it may see.
func (s *Seller) seen(p *Payment, channel ledger.Channel) x402.SettlementResponse {
	response := terms.Response(channel)
	if !p.maySee(channel) {
		response.Extra.ChannelState = terms.PublicState(channel)
	}
	return response
}

// takeDeposit submits a deposit once, however often and at once it is asked for,
// and credits what the chain then says.
func (s *Seller) takeDeposit(ctx context.Context, p *Payment, d *x402.DepositPayload) (*depositReceipt, *terms.Refusal) {
	deposit, refused := s.readDeposit(p, d)
	if refused != nil {
		return nil, refused
	}
	if err := s.checkVoucher(p); err != nil {
		return nil, terms.Refuse(x402.ErrVoucherSignature, "%v", err)
	}
	if refused := s.checkDepositor(p, deposit); refused != nil {
		return nil, refused
	}
	if refused := terms.FromLedger(s.store.Err()); refused != nil { // it could be spent only once that is mended
		return nil, refused
	}
	if _, stopped := s.ledger.Stopped(p.Voucher.Channel); stopped {
		return nil, terms.FromLedger(ledger.ErrChannelStopped)
	}
	// The deposit goes on when this caller is gone: the next one finds it done.
	type outcome struct {
		receipt *depositReceipt
		refused *terms.Refusal
	}
	done := s.deposits.DoChan(deposit.key, func() (any, error) {
		if !s.mayAsk(ctx, p, deposit) {
			return outcome{nil, tooManyLookups()}, nil
		}
		finished, refused := s.errand(ctx, p)
		if refused != nil {
			return outcome{nil, refused}, nil
		}
		defer finished()
		receipt, refused := s.submitDeposit(context.WithoutCancel(ctx), p.till, deposit)
		return outcome{receipt, refused}, nil
	})
	select {
	case <-ctx.Done():
		return nil, terms.Refuse(x402.ErrVerificationStateUnavailable, "%v; the deposit goes on: send the same payment again to learn its fate", ctx.Err())
	case r := <-done:
		o := r.Val.(outcome)
		return o.receipt, p.shown(o.refused)
	}
}

// checkDepositor refuses a deposit whose voucher is on chain and that the payer's own key
// has not signed either: anybody can make it up.
func (s *Seller) checkDepositor(p *Payment, d *signedDeposit) *terms.Refusal {
	ch, known := s.ledger.Channel(p.Voucher.Channel)
	if !known || !terms.IsBurnt(ch, p.Voucher.Ceiling) || d.isPayers(p.till) {
		return nil
	}
	code := x402.ErrReceiveAuthorizationSignature
	if p.byPermit2 {
		code = x402.ErrPermit2InvalidSignature
	}
	return terms.Refuse(code, "the payer's own key has not signed the deposit, and its voucher, which is on chain, proves nothing: send it with a voucher above %s", ch.Burnt)
}

// checkVoucher checks the signature of a voucher that comes with a deposit or a
// refund, before any gas is spent on it.
func (s *Seller) checkVoucher(p *Payment) error {
	signer, err := vouchers.Recover(p.till.Escrow.Domain().VoucherDigest(p.Voucher), p.signature)
	if err != nil {
		return err
	}
	if want := p.Config.VoucherSigner(); signer != want {
		return fmt.Errorf("the voucher is signed by %s, the channel's voucher signer is %s", signer, want)
	}
	return nil
}

func (s *Seller) submitDeposit(ctx context.Context, t *till.Till, d *signedDeposit) (*depositReceipt, *terms.Refusal) {
	t.LearnGasPrice(ctx)
	if refused := s.checkPermit(ctx, t, d); refused != nil {
		return nil, refused
	}
	id := t.Escrow.Domain().ChannelID(d.config)
	before, _ := s.ledger.Channel(id)
	spent, refused := s.mayDeposit(ctx, t, d, id)
	if refused != nil {
		return nil, refused
	}
	most := uint64(s.limits.DepositGasCap)
	receipt, err := t.Escrow.Deposit(ctx, t.Sender, d.Authorized, d.collector, escrow.WithMaxGas(most))
	if err != nil {
		spent.fail(err, most)
		s.logger.Warn("deposit failed", "payer", d.config.Payer, "channel", id, "amount", d.amount, "error", err)
		return nil, s.depositFailed(err)
	}
	spent.end(gasUsed(receipt))
	refused = s.Refresh(ctx, t, d.config)
	if receipt == nil && (refused == nil || refused.Code == x402.ErrChannelNotFound) {
		return s.foundDeposit(d, before.Balance, id)
	}
	if refused != nil {
		return nil, refused
	}
	s.logger.Info("deposit", "payer", d.config.Payer, "channel", id, "amount", d.amount, "tx", receipt.TxHash)
	return &depositReceipt{tx: receipt.TxHash, amount: d.amount}, nil
}

// outOfGas is for the operator to mend; a payer is told that it is not the payer's fault.
func (s *Seller) outOfGas(code x402.ErrorCode, what string, err error) *terms.Refusal {
	s.logger.Error("the shop can handle no "+what+", nor claim: its account cannot pay for gas", "error", err)
	return terms.Refuse(code, "the seller cannot handle %s now, since its account cannot pay for gas; nothing of yours was moved: try again later", what)
}

func (s *Seller) depositFailed(err error) *terms.Refusal {
	switch {
	case errors.Is(err, chain.ErrGasCap):
		s.met("depositGasCap")
		return terms.Refuse(x402.ErrDepositSimulationFailed, "%v; this shop pays for no more: deposit by a transaction of your own", err)
	case chain.IsRevert(err):
		return terms.Refuse(x402.ErrDepositSimulationFailed, "%v", err)
	case errors.Is(err, chain.ErrFunds):
		return s.outOfGas(x402.ErrDepositTransactionFailed, "deposits", err)
	}
	return terms.Refuse(x402.ErrDepositTransactionFailed, "%v", err)
}

// gasUsed is what a transaction took, in gas units; nil is none.
func gasUsed(receipt *types.Receipt) uint64 {
	if receipt == nil {
		return 0
	}
	return receipt.GasUsed
}

// foundDeposit is for an authorization that cannot be used any more: another
// transaction brought the money in, which the balance then shows, or the payer has
// cancelled it.
func (s *Seller) foundDeposit(d *signedDeposit, before vouchers.Amount, id vouchers.ChannelID) (*depositReceipt, *terms.Refusal) {
	after, known := s.ledger.Channel(id)
	if grown, ok := after.Balance.Sub(before); ok && grown >= d.amount {
		return &depositReceipt{amount: d.amount}, nil
	}
	refused := terms.Refuse(x402.ErrDepositSimulationFailed, "the authorization was used or cancelled before, and the balance is %s as it was; sign another one", after.Balance)
	if known {
		refused.Channel = &after
	}
	return nil, refused
}

// Refresh is [Seller.refresh] after a transaction: a lookup that is under way may
// have read the chain before it.
func (s *Seller) Refresh(ctx context.Context, t *till.Till, config vouchers.ChannelConfig) *terms.Refusal {
	s.lookups.Forget(t.Escrow.Domain().ChannelID(config).Hex())
	return s.refresh(ctx, t, config, nil)
}

// refresh takes the chain's view of a channel into the ledger. A channel without money
// is none, unless the ledger knows it: then all of it was taken back. Where the ledger's
// own view made it refuse (why), the refusal stands if the chain brings nothing new.
func (s *Seller) refresh(ctx context.Context, t *till.Till, config vouchers.ChannelConfig, why error) *terms.Refusal {
	id := t.Escrow.Domain().ChannelID(config)
	_, err, _ := s.lookups.Do(id.Hex(), func() (any, error) {
		lookup := context.WithoutCancel(ctx) // others may wait for the same lookup
		state, err := t.Escrow.State(lookup, config, t.Confirmations)
		if err != nil {
			return nil, err
		}
		if _, known := s.ledger.Channel(id); !known && state.Balance == 0 && state.Claimed == 0 {
			return nil, ledger.ErrChannelNotFound
		}
		_, err = s.ledger.Open(lookup, t.Deployment, config, state)
		t.Watcher.Learned(id) // known by now: what comes after its block is looked for
		return nil, err
	})
	if err == nil {
		return nil
	}
	if why != nil {
		return terms.FromLedger(why)
	}
	return terms.FromLedger(err)
}
