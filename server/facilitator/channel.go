package facilitator

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// What transactions about channels may take, in gas units.
const (
	depositGas   = 1_000_000
	settleGas    = 300_000
	channelGas   = 300_000 // for a claim or a refund, each
	refundExtras = 200_000
)

// channelPayer is whose channel a payment of batch-settlement is about.
func channelPayer(p x402.Payload) common.Address {
	switch payload := p.(type) {
	case *x402.DepositPayload:
		return payload.ChannelConfig.Payer
	case *x402.VoucherPayload:
		return payload.ChannelConfig.Payer
	case *x402.RefundPayload:
		return payload.ChannelConfig.Payer
	}
	return common.Address{}
}

// vaultAt is an escrow that is served.
func (p *place) vaultAt(address common.Address) (*vault, *terms.Refusal) {
	for _, v := range p.escrows {
		if v.Addresses.Escrow == address {
			return v, nil
		}
	}
	return nil, terms.Refuse(x402.ErrPaymentRequirements, "the escrow %s is not served on %s", address, p.network)
}

// channelState is where a channel stands on chain, in the words of the standard.
type channelState struct {
	ChannelID           vouchers.ChannelID `json:"channelId"`
	Balance             string             `json:"balance"`
	TotalClaimed        string             `json:"totalClaimed"`
	WithdrawRequestedAt uint64             `json:"withdrawRequestedAt"`
	RefundNonce         string             `json:"refundNonce"`
}

func stateOf(id vouchers.ChannelID, config vouchers.ChannelConfig, s vouchers.ChainState) x402.ChannelState {
	state := x402.ChannelState{ChannelID: id, Balance: s.Balance, TotalClaimed: s.Claimed, RefundNonce: s.RefundNonce}
	if s.Withdrawal.FinalizeAfter > 0 {
		state.WithdrawRequestedAt = s.Withdrawal.FinalizeAfter - config.WithdrawDelay
	}
	return state
}

// claimedOf is a payment by a channel that fits its terms.
type channelPayment struct {
	vault   *vault
	config  vouchers.ChannelConfig
	voucher x402.SignedVoucher
	deposit *x402.Deposit // nil is none
	isBack  bool          // the payer wants its money back
	state   vouchers.ChainState
}

// readChannel holds a payment of batch-settlement against its terms and the state of its channel.
func (p *place) readChannel(ctx context.Context, r *request) (*channelPayment, *terms.Refusal) {
	at := escrow.Canonical.Escrow
	if r.terms.Extra.Escrow != nil {
		at = *r.terms.Extra.Escrow
	}
	v, refused := p.vaultAt(at)
	if refused != nil {
		return nil, refused
	}
	c := &channelPayment{vault: v}
	switch payload := r.payment.Payload.(type) {
	case *x402.DepositPayload:
		c.config, c.voucher, c.deposit = payload.ChannelConfig, payload.Voucher, &payload.Deposit
	case *x402.VoucherPayload:
		c.config, c.voucher = payload.ChannelConfig, payload.Voucher
	case *x402.RefundPayload:
		c.config, c.voucher, c.isBack = payload.ChannelConfig, payload.Voucher, true
	default:
		return nil, terms.Refuse(x402.ErrPayloadType, "a %T is no payment by a channel", payload)
	}
	if refused := c.fits(&r.terms); refused != nil {
		return nil, refused
	}
	done, err := p.f.ask(ctx)
	if err != nil {
		return nil, terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
	}
	defer done()
	if c.state, err = v.State(ctx, c.config, p.Confirmations); err != nil {
		return nil, terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
	}
	return c, p.signedBy(ctx, c)
}

// fits holds a channel against the terms.
func (c *channelPayment) fits(of *x402.Requirements) *terms.Refusal {
	id := c.vault.Domain().ChannelID(c.config)
	switch {
	case id != c.voucher.ChannelID:
		return terms.Refuse(x402.ErrChannelIDMismatch, "the config is that of channel %s, the voucher is of %s", id, c.voucher.ChannelID)
	case c.config.Receiver != of.PayTo:
		return terms.Refuse(x402.ErrReceiverMismatch, "the channel pays %s, the terms are for %s", c.config.Receiver, of.PayTo)
	case c.config.ReceiverAuthorizer != of.Extra.ReceiverAuthorizer || c.config.ReceiverAuthorizer == (common.Address{}):
		return terms.Refuse(x402.ErrReceiverAuthorizerMismatch, "the channel's receiver authorizer is %s, that of the terms %s", c.config.ReceiverAuthorizer, of.Extra.ReceiverAuthorizer)
	case c.config.Token != of.Asset:
		return terms.Refuse(x402.ErrTokenMismatch, "the channel is in %s, the terms in %s", c.config.Token, of.Asset)
	case c.config.WithdrawDelay != of.Extra.WithdrawDelay:
		return terms.Refuse(x402.ErrWithdrawDelayMismatch, "the channel's withdraw delay is %d seconds, that of the terms %d", c.config.WithdrawDelay, of.Extra.WithdrawDelay)
	case c.config.WithdrawDelay < x402.MinWithdrawDelay || c.config.WithdrawDelay > x402.MaxWithdrawDelay:
		return terms.Refuse(x402.ErrWithdrawDelayOutOfRange, "the withdraw delay is %d seconds", c.config.WithdrawDelay)
	}
	return nil
}

// signedBy checks the voucher: its signature, of a contract by asking it, and its ceiling.
func (p *place) signedBy(ctx context.Context, c *channelPayment) *terms.Refusal {
	digest := c.vault.Domain().VoucherDigest(vouchers.Voucher{Channel: c.voucher.ChannelID, Ceiling: c.voucher.MaxClaimableAmount})
	signer, err := vouchers.Recover(digest, c.voucher.Signature)
	if err != nil || signer != c.config.VoucherSigner() {
		return terms.Refuse(x402.ErrVoucherSignature, "the voucher is not signed by the key of %s", c.config.VoucherSigner())
	}
	holds := c.state.Balance
	if c.deposit != nil {
		holds = holds.Plus(c.deposit.Amount)
	}
	ceiling := c.voucher.MaxClaimableAmount
	switch {
	case holds == 0:
		return terms.Refuse(x402.ErrChannelNotFound, "the channel holds nothing")
	case ceiling > holds:
		return terms.Refuse(x402.ErrCumulativeExceedsBalance, "the voucher is for %s, the channel holds %s", ceiling, holds)
	case ceiling < c.state.Claimed || ceiling == c.state.Claimed && !c.isBack:
		return terms.Refuse(x402.ErrCumulativeBelowClaimed, "the voucher is for %s, and %s are claimed", ceiling, c.state.Claimed)
	}
	return nil
}

// verifyChannel says whether a payment by a channel is good, and where the channel stands.
func (p *place) verifyChannel(ctx context.Context, r *request) (any, *terms.Refusal) {
	if r.work != nil {
		return nil, terms.Refuse(x402.ErrPayloadType, "what a server does with its channels is settled, and not verified")
	}
	c, refused := p.readChannel(ctx, r)
	if refused != nil {
		return nil, refused
	}
	if c.deposit != nil {
		e, refused := p.depositErrand(ctx, r, c)
		if refused != nil {
			return nil, refused
		}
		_, err := p.Client.EstimateGas(ctx, ethereum.CallMsg{From: p.freest(), To: &e.call.To, Data: e.call.Data, Gas: e.most})
		switch {
		case chain.IsRevert(err), errors.Is(err, chain.ErrGasCap):
			return nil, p.whyNoDeposit(ctx, c, err)
		case err != nil:
			return nil, terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
		}
	}
	s := stateOf(c.voucher.ChannelID, c.config, c.state)
	return channelState{s.ChannelID, s.Balance.Atomic(), s.TotalClaimed.Atomic(), s.WithdrawRequestedAt, fmt.Sprint(s.RefundNonce)}, nil
}

// whyNoDeposit says why the chain does not take a deposit.
func (p *place) whyNoDeposit(ctx context.Context, c *channelPayment, why error) *terms.Refusal {
	token, err := p.token(ctx, c.config.Token)
	if err != nil {
		return tokenRefusal(err)
	}
	if balance, err := token.Balance(ctx, p.Client, c.config.Payer); err == nil && balance < c.deposit.Amount {
		return terms.Refuse(x402.ErrInsufficientBalance, "the payer has %s, the deposit is %s", balance, c.deposit.Amount)
	}
	if c.deposit.Authorization.Permit2 != nil {
		if allowance, err := token.Permit2Allowance(ctx, p.Client, c.config.Payer); err == nil && allowance.Cmp(c.deposit.Amount.Big()) < 0 {
			return terms.Refuse(x402.ErrPermit2AllowanceRequired, "Permit2 may move %s atomic units", allowance)
		}
	}
	return terms.Refuse(x402.ErrDepositSimulationFailed, "%v", why)
}

// settleChannel brings the deposit of a payment in.
func (p *place) settleChannel(ctx context.Context, r *request, caller Caller) *answer {
	d, ok := r.payment.Payload.(*x402.DepositPayload)
	if !ok {
		return p.f.unsettled(r, http.StatusOK, terms.Refuse(x402.ErrPayloadType, "there is nothing to settle of a voucher before it is claimed"))
	}
	key := p.depositKey(r, d)
	if a := p.answered(r, key); a != nil {
		return a
	}
	c, refused := p.readChannel(ctx, r)
	if refused != nil {
		return p.f.unsettled(r, http.StatusOK, refused)
	}
	e, refused := p.depositErrand(ctx, r, c)
	if refused != nil {
		return p.f.unsettled(r, http.StatusOK, refused)
	}
	e.key = key
	return p.run(ctx, r, caller, e)
}

// depositKey is the same for the same deposit, to the last bit of its signature.
func (p *place) depositKey(r *request, d *x402.DepositPayload) common.Hash {
	raw, err := x402.Write(d.Deposit)
	if err != nil {
		raw = nil // it was decoded, so that it can be written
	}
	return crypto.Keccak256Hash([]byte("deposit"), []byte(p.network), d.Voucher.ChannelID[:], raw)
}

// depositErrand is the transaction of a deposit.
func (p *place) depositErrand(ctx context.Context, r *request, c *channelPayment) (*errand, *terms.Refusal) {
	if _, err := p.token(ctx, c.config.Token); err != nil {
		return nil, tokenRefusal(err)
	}
	authorized, collector, refused := c.authorized(uint64(max(p.f.options.Now().Unix(), 0)), r.terms.Extra.AssetTransferMethod)
	if refused != nil {
		return nil, refused
	}
	call, err := c.vault.DepositCall(authorized, collector)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	e := &errand{call: call, most: depositGas, payer: c.config.Payer}
	e.refuse.simulated, e.refuse.failed = x402.ErrDepositSimulationFailed, x402.ErrDepositTransactionFailed
	e.tell = func(ctx context.Context, _ *types.Receipt) (x402.SettlementResponse, error) {
		state, err := c.vault.State(ctx, c.config, 0)
		told := stateOf(c.voucher.ChannelID, c.config, state)
		return x402.SettlementResponse{Amount: &c.deposit.Amount, Extra: x402.SettlementExtra{ChannelState: &told}}, err
	}
	return e, nil
}

// authorized is the deposit that the payer has signed, and the collector that it is for.
func (c *channelPayment) authorized(now uint64, method string) (funding.Authorized, common.Address, *terms.Refusal) {
	by3009, byPermit2 := c.deposit.Authorization.Erc3009, c.deposit.Authorization.Permit2
	const least = uint64(margin / 1e9)
	switch {
	case method == x402.TransferPermit2 && byPermit2 == nil:
		return nil, common.Address{}, terms.Refuse(x402.ErrPermit2AuthorizationRequired, "the terms are those of deposits by Permit2")
	case method == x402.TransferEIP3009 && by3009 == nil:
		return nil, common.Address{}, terms.Refuse(x402.ErrErc3009AuthorizationRequired, "the terms are those of deposits by EIP-3009")
	case by3009 != nil && by3009.ValidBefore < now+least:
		return nil, common.Address{}, terms.Refuse(x402.ErrValidBefore, "the authorization is good until %d, it is %d", by3009.ValidBefore, now)
	case by3009 != nil && by3009.ValidAfter > now:
		return nil, common.Address{}, terms.Refuse(x402.ErrValidAfter, "the authorization is good from %d on, it is %d", by3009.ValidAfter, now)
	case by3009 != nil:
		return funding.Deposit{
			Config: c.config, Amount: c.deposit.Amount, ValidAfter: by3009.ValidAfter, ValidBefore: by3009.ValidBefore, Salt: by3009.Salt, Signature: by3009.Signature,
		}, c.vault.Collectors.EIP3009, nil
	}
	collector := c.vault.Collectors.Permit2
	switch {
	case byPermit2.From != c.config.Payer:
		return nil, collector, terms.Refuse(x402.ErrPermit2InvalidSignature, "the permit is from %s, the channel's payer is %s", byPermit2.From, c.config.Payer)
	case byPermit2.Spender != collector:
		return nil, collector, terms.Refuse(x402.ErrPermit2InvalidSpender, "the permit's spender is %s, the collector is %s", byPermit2.Spender, collector)
	case byPermit2.Permitted.Token != c.config.Token:
		return nil, collector, terms.Refuse(x402.ErrTokenMismatch, "the permit is over %s, the channel is in %s", byPermit2.Permitted.Token, c.config.Token)
	case byPermit2.Permitted.Amount != c.deposit.Amount:
		return nil, collector, terms.Refuse(x402.ErrPermit2AmountMismatch, "the permit is over %s, the deposit over %s", byPermit2.Permitted.Amount, c.deposit.Amount)
	case byPermit2.Witness.ChannelID != c.voucher.ChannelID:
		return nil, collector, terms.Refuse(x402.ErrChannelIDMismatch, "the permit is for channel %s, the deposit for %s", byPermit2.Witness.ChannelID, c.voucher.ChannelID)
	case byPermit2.Deadline < now+least:
		return nil, collector, terms.Refuse(x402.ErrPermit2DeadlineExpired, "the permit's deadline is %d, it is %d", byPermit2.Deadline, now)
	}
	return funding.Permit2Deposit{Config: c.config, Amount: c.deposit.Amount, Nonce: byPermit2.Nonce, Deadline: byPermit2.Deadline, Signature: byPermit2.Signature}, collector, nil
}

// doWork does what a server asks for with its channels.
func (p *place) doWork(ctx context.Context, r *request, caller Caller) *answer {
	v, refused := p.vaultAt(r.work.escrow)
	if refused != nil {
		return p.f.unsettled(r, http.StatusOK, refused)
	}
	var e *errand
	switch w := r.work; {
	case w.claim != nil:
		e, refused = p.claimErrand(ctx, v, w.claim, caller)
	case w.refund != nil:
		e, refused = p.refundErrand(ctx, v, w.refund, caller)
	default:
		e, refused = p.settleErrand(ctx, v, w.settle)
	}
	if refused != nil {
		return p.f.unsettled(r, http.StatusOK, refused)
	}
	if a := p.answered(r, e.key); a != nil {
		return a
	}
	return p.run(ctx, r, caller, e)
}

// maySign refuses what the authorizer does not sign at a caller's word.
func (p *place) maySign(config vouchers.ChannelConfig, caller Caller) *terms.Refusal {
	switch {
	case p.Authorizer == nil:
		return terms.Refuse(x402.ErrAuthorizerNotConfigured, "this facilitator signs for nobody on %s: send the signature of the receiver authorizer", p.network)
	case config.ReceiverAuthorizer != p.Authorizer.Address():
		return terms.Refuse(x402.ErrAuthorizerAddressMismatch, "the channel's receiver authorizer is %s, this facilitator signs as %s", config.ReceiverAuthorizer, p.Authorizer.Address())
	case !caller.SignsFor(config.Receiver):
		return terms.Refuse(x402.ErrAuthorizerNotConfigured, "this key may not have claims and refunds signed for %s", config.Receiver)
	}
	return nil
}

// signClaims completes claims by the authorizer's signature where they have none.
func (p *place) signClaims(ctx context.Context, v *vault, s *escrow.SignedClaims, caller Caller) *terms.Refusal {
	if len(s.Signature) > 0 || len(s.Rows) == 0 {
		return nil
	}
	for _, row := range s.Rows {
		if refused := p.maySign(row.Config, caller); refused != nil {
			return refused
		}
	}
	signature, err := p.Authorizer.SignHash(ctx, v.Domain().ClaimBatchDigest(s.Entries(v.Domain())))
	if err != nil {
		return terms.Refuse(x402.ErrUnexpectedSettle, "the authorizer does not sign: %v", err)
	}
	s.Signature = signature
	return nil
}

func (p *place) claimErrand(ctx context.Context, v *vault, w *claimWork, caller Caller) (*errand, *terms.Refusal) {
	s := claimsOf(w.Claims, w.Signature)
	if refused := p.signClaims(ctx, v, &s, caller); refused != nil {
		return nil, refused
	}
	digest := v.Domain().ClaimBatchDigest(s.Entries(v.Domain()))
	e := &errand{key: crypto.Keccak256Hash([]byte("claim"), digest[:]), call: v.ClaimCall(s), most: min(channelGas*uint64(len(s.Rows)), escrow.BatchGas)}
	e.refuse.simulated, e.refuse.failed = x402.ErrClaimSimulationFailed, x402.ErrClaimTransactionFailed
	e.tell = func(context.Context, *types.Receipt) (x402.SettlementResponse, error) {
		return x402.SettlementResponse{}, nil
	}
	return e, nil
}

func (p *place) refundErrand(ctx context.Context, v *vault, w *refundWork, caller Caller) (*errand, *terms.Refusal) {
	first, back := claimsOf(w.Claims, w.ClaimSignature), w.signed()
	if refused := p.signClaims(ctx, v, &first, caller); refused != nil {
		return nil, refused
	}
	id := v.Domain().ChannelID(w.ChannelConfig)
	digest := v.Domain().RefundDigest(id, back.Nonce, back.Amount)
	claims := v.Domain().ClaimBatchDigest(first.Entries(v.Domain()))
	key := crypto.Keccak256Hash([]byte("refund"), digest[:], claims[:])
	if back.Amount == 0 {
		return nil, terms.Refuse(x402.ErrRefundNoBalance, "nothing is to be given back")
	}
	if len(back.Signature) == 0 {
		if refused := p.maySign(w.ChannelConfig, caller); refused != nil {
			return nil, refused
		}
		signature, err := p.Authorizer.SignHash(ctx, digest)
		if err != nil {
			return nil, terms.Refuse(x402.ErrUnexpectedSettle, "the authorizer does not sign: %v", err)
		}
		back.Signature = signature
	}
	e := &errand{key: key, call: v.RefundCall(back, first), most: min(channelGas*uint64(len(first.Rows))+refundExtras, escrow.BatchGas), payer: w.ChannelConfig.Payer}
	e.refuse.simulated, e.refuse.failed = x402.ErrRefundSimulationFailed, x402.ErrRefundTransactionFailed
	e.tell = func(ctx context.Context, receipt *types.Receipt) (x402.SettlementResponse, error) {
		paid, err := v.PaidBack(w.ChannelConfig, receipt)
		if err != nil {
			return x402.SettlementResponse{}, err
		}
		state, err := v.State(ctx, w.ChannelConfig, 0)
		told := stateOf(id, w.ChannelConfig, state)
		return x402.SettlementResponse{Amount: &paid, Extra: x402.SettlementExtra{ChannelState: &told}}, err
	}
	return e, nil
}

// settleErrand transfers what was claimed for a receiver. It is the same until more is claimed.
func (p *place) settleErrand(ctx context.Context, v *vault, w *settleWork) (*errand, *terms.Refusal) {
	claimed, settled, err := v.Totals(ctx, w.Receiver, w.Token)
	if err != nil {
		return nil, terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
	}
	at := v.Addresses.Escrow
	e := &errand{
		key:  crypto.Keccak256Hash([]byte("settle"), []byte(p.network), at[:], w.Receiver[:], w.Token[:], claimed.Bytes()),
		call: v.SettleCall(w.Receiver, w.Token), most: settleGas,
	}
	if known, err := p.recall(e.key); claimed.Cmp(settled) <= 0 && known == nil && err == nil {
		return nil, terms.Refuse(x402.ErrNothingToSettle, "nothing is claimed for %s that it has not got", w.Receiver)
	}
	e.refuse.simulated, e.refuse.failed = x402.ErrSettleSimulationFailed, x402.ErrSettleTransactionFailed
	e.tell = func(_ context.Context, receipt *types.Receipt) (x402.SettlementResponse, error) {
		sum, err := v.Settled(w.Receiver, w.Token, receipt)
		return x402.SettlementResponse{Amount: &sum}, err
	}
	return e, nil
}
