package facilitator_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// channel is one of a payer at the canonical escrow of the chain base.
type channel struct {
	*world
	payer  keys.Signer
	domain *vouchers.Domain
	config vouchers.ChannelConfig
	terms  object
}

func (w *world) channel(authorizer common.Address) *channel {
	w.Helper()
	payer := w.payer(base, "channel's", 10*usdc)
	config := vouchers.ChannelConfig{
		Payer: payer.Address(), PayerAuthorizer: payer.Address(), Receiver: w.payee, ReceiverAuthorizer: authorizer, Token: base.Token, WithdrawDelay: 900, Salt: common.Hash{1},
	}
	return &channel{w, payer, escrow.At(base.Client, escrow.Canonical.Escrow).Domain(), config, object{
		"scheme": "batch-settlement", "network": "eip155:84532", "amount": usdc.Atomic(), "asset": base.Token, "payTo": w.payee, "maxTimeoutSeconds": 3600,
		"extra": object{"receiverAuthorizer": authorizer, "withdrawDelay": 900, "name": w.token[base].Name, "version": w.token[base].Version},
	}}
}

func (c *channel) id() vouchers.ChannelID { return c.domain.ChannelID(c.config) }

func (c *channel) json() object {
	return object{
		"payer": c.config.Payer, "payerAuthorizer": c.config.PayerAuthorizer, "receiver": c.config.Receiver, "receiverAuthorizer": c.config.ReceiverAuthorizer,
		"token": c.config.Token, "withdrawDelay": c.config.WithdrawDelay, "salt": c.config.Salt,
	}
}

func (c *channel) voucher(ceiling vouchers.Amount) (signature vouchers.Signature, wire object) {
	c.Helper()
	signature, err := c.payer.SignHash(c.Context(), c.domain.VoucherDigest(vouchers.Voucher{Channel: c.id(), Ceiling: ceiling}))
	if err != nil {
		c.Fatal(err)
	}
	return signature, object{"channelId": c.id(), "maxClaimableAmount": ceiling.Atomic(), "signature": signature}
}

// paid is a request about a payload of a payer's.
func (c *channel) pays(payload object) object {
	payload["channelConfig"] = c.json()
	return object{"x402Version": 2, "paymentPayload": object{"x402Version": 2, "accepted": c.terms, "payload": payload}, "paymentRequirements": c.terms}
}

// works is a request as stock servers send it.
func (c *channel) works(payload object) object {
	bare := object{"scheme": "batch-settlement", "network": "eip155:84532", "asset": base.Token, "amount": "0", "payTo": c.payee, "maxTimeoutSeconds": 0, "extra": object{}}
	return object{"x402Version": 2, "paymentPayload": object{"x402Version": 2, "accepted": bare, "payload": payload}, "paymentRequirements": bare}
}

func (c *channel) row(ceiling, total vouchers.Amount) object {
	signature, _ := c.voucher(ceiling)
	return object{"voucher": object{"channel": c.json(), "maxClaimableAmount": ceiling.Atomic()}, "signature": signature, "totalClaimed": total.Atomic()}
}

func (c *channel) deposit(amount vouchers.Amount) object {
	c.Helper()
	d := funding.Deposit{Config: c.config, Amount: amount, ValidBefore: 1 << 40, Salt: big.NewInt(7)}
	if err := d.Sign(c.Context(), c.payer, c.token[base], escrow.Canonical.Collectors.EIP3009, c.id()); err != nil {
		c.Fatal(err)
	}
	_, voucher := c.voucher(usdc)
	return c.pays(object{"type": "deposit", "voucher": voucher, "deposit": object{"amount": amount.Atomic(), "authorization": object{"erc3009Authorization": object{
		"validAfter": "0", "validBefore": number(d.ValidBefore), "salt": common.BigToHash(d.Salt), "signature": d.Signature,
	}}}})
}

func TestAChannelLivesThroughTheFacilitator(t *testing.T) {
	w := newWorld(t, 2, base)
	w.options.Access = newGuard()
	authorizer := w.key("authorizer")
	w.options.Chains[0].Authorizer = authorizer
	w.open()
	c := w.channel(authorizer.Address())
	ask := func(path string, body object, caller string) reply {
		t.Helper()
		return w.post(path, body, "Authorization", caller)
	}
	done := func(body object) reply {
		t.Helper()
		r := ask("/settle", body, "shop")
		again := ask("/settle", body, "shop")
		if !r.Success || len(r.Transaction) != 66 || again.Transaction != r.Transaction || !again.Success || again.Amount != r.Amount {
			t.Fatalf("settle answers %+v, and again %+v", r, again)
		}
		return r
	}
	deposit := c.deposit(5 * usdc)
	if r := ask("/verify", deposit, "shop"); !r.IsValid || r.Payer != c.config.Payer {
		t.Fatalf("verify answers %+v", r)
	}
	if r := done(deposit); r.Amount != (5*usdc).Atomic() || r.Extra["channelState"].(object)["balance"] != (5*usdc).Atomic() {
		t.Errorf("the deposit answers %+v", r)
	}
	_, second := c.voucher(2 * usdc)
	if r := ask("/verify", c.pays(object{"type": "voucher", "voucher": second}), "shop"); !r.IsValid || r.Extra["balance"] != (5*usdc).Atomic() {
		t.Errorf("verify answers %+v", r)
	}
	claim := c.works(object{"type": "claim", "claims": []object{c.row(2*usdc, usdc)}})
	if r := ask("/settle", claim, "stranger"); r.Success || r.ErrorReason != string(x402.ErrAuthorizerNotConfigured) {
		t.Errorf("at a stranger's word it answers %+v", r)
	}
	done(claim)
	settle := c.works(object{"type": "settle", "receiver": w.payee, "token": base.Token})
	if r := done(settle); r.Amount != usdc.Atomic() || w.paid(base) != usdc {
		t.Errorf("to settle answers %+v, the payee has %s", r, w.paid(base))
	}
	refund := c.works(object{
		"type": "refund", "channelConfig": c.json(), "voucher": second, "amount": (3 * usdc).Atomic(), "refundNonce": "0", "claims": []object{c.row(2*usdc, 2*usdc)},
	})
	if r := ask("/settle", refund, "stranger"); r.Success {
		t.Errorf("at a stranger's word it answers %+v", r)
	}
	w.close()
	w.open()
	if r := done(refund); r.Amount != (3*usdc).Atomic() || r.Payer != c.config.Payer || r.Extra["channelState"].(object)["refundNonce"] != "1" {
		t.Errorf("the refund answers %+v", r)
	}
	if r := done(claim); !r.Success {
		t.Errorf("after a restart the claim answers %+v", r)
	}
}

func TestWhatDoesNotFitAChannelIsRefused(t *testing.T) {
	w := newWorld(t, 1, base).open()
	c := w.channel(common.Address{3})
	_, voucher := c.voucher(usdc)
	good := c.pays(object{"type": "voucher", "voucher": voucher})
	poor := c.deposit(50 * usdc)
	for name, tc := range map[string]struct {
		body object
		code x402.ErrorCode
	}{
		"no channel":              {good, x402.ErrChannelNotFound},
		"another channel":         {with(t, good, common.Hash{9}, "paymentPayload", "payload", "voucher", "channelId"), x402.ErrChannelIDMismatch},
		"another receiver":        {with(t, good, common.Address{9}, "paymentRequirements", "payTo"), x402.ErrReceiverMismatch},
		"another authorizer":      {with(t, good, common.Address{9}, "paymentRequirements", "extra", "receiverAuthorizer"), x402.ErrReceiverAuthorizerMismatch},
		"another delay":           {with(t, good, 901, "paymentRequirements", "extra", "withdrawDelay"), x402.ErrWithdrawDelayMismatch},
		"another token":           {with(t, good, common.Address{9}, "paymentRequirements", "asset"), x402.ErrTokenMismatch},
		"another ceiling":         {with(t, good, "5", "paymentPayload", "payload", "voucher", "maxClaimableAmount"), x402.ErrVoucherSignature},
		"an escrow of nobody's":   {with(t, good, common.Address{9}, "paymentRequirements", "extra", "escrow"), x402.ErrPaymentRequirements},
		"more than the payer has": {poor, x402.ErrInsufficientBalance},
		"a payload of no type":    {c.works(object{"type": "gift"}), x402.ErrPayload},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.post("/verify", tc.body); r.IsValid || r.InvalidReason != string(tc.code) {
				t.Errorf("verify answers %+v, want %s", r, tc.code)
			}
		})
	}
	for name, tc := range map[string]struct {
		payload object
		code    x402.ErrorCode
	}{
		"no claims":          {object{"type": "claim", "claims": []object{}}, x402.ErrPayload},
		"nothing to settle":  {object{"type": "settle", "receiver": common.Address{8}, "token": base.Token}, x402.ErrNothingToSettle},
		"a claim unsigned":   {object{"type": "claim", "claims": []object{c.row(usdc, usdc)}}, x402.ErrAuthorizerNotConfigured},
		"a claim of nothing": {object{"type": "claim", "claims": []object{c.row(usdc, usdc)}, "claimAuthorizerSignature": "0x" + "11"}, x402.ErrClaimSimulationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.post("/settle", c.works(tc.payload)); r.Success || r.ErrorReason != string(tc.code) {
				t.Errorf("settle answers %+v, want %s", r, tc.code)
			}
		})
	}
}
