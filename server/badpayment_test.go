package server_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

const stranger = "0x00000000000000000000000000000000000000AA"

// charged is what the channel of the tests below was charged before.
const charged = price

var badPayments = []struct {
	name string
	code x402.ErrorCode
	// known says that the answer carries what the client needs to do better.
	known   bool
	payment func(c *customer) any
}{
	{"a scheme that nobody speaks", x402.ErrScheme, false, bent("auth-capture", "accepted", "scheme")},
	{"another scheme", x402.ErrScheme, false, func(c *customer) any {
		exact := c.terms
		exact.Scheme, exact.Extra = x402.SchemeExact, x402.Extra{Name: exact.Extra.Name, Version: exact.Extra.Version}
		return &x402.PaymentPayload{Accepted: exact, Payload: &x402.AuthorizationPayload{
			Signature:     make([]byte, 65),
			Authorization: x402.TransferAuthorization{From: c.key.Address(), To: exact.PayTo, Value: price, ValidBefore: 1<<63 - 1},
		}}
	}},
	{"a voucher under another scheme", x402.ErrPayload, false, bent("exact", "accepted", "scheme")},
	{"another chain", x402.ErrNetworkMismatch, false, bent("eip155:1", "accepted", "network")},
	{"another family of chains", x402.ErrNetworkMismatch, false, bent("solana:mainnet", "accepted", "network")},
	{"another token in the terms", x402.ErrTokenMismatch, false, bent(stranger, "accepted", "asset")},
	{"another token in the channel", x402.ErrTokenMismatch, false, bent(stranger, "payload", "channelConfig", "token")},
	{"another receiver in the terms", x402.ErrReceiverMismatch, false, bent(stranger, "accepted", "payTo")},
	{"another receiver in the channel", x402.ErrReceiverMismatch, false, bent(stranger, "payload", "channelConfig", "receiver")},
	{"another receiver authorizer", x402.ErrReceiverAuthorizerMismatch, false, bent(stranger, "payload", "channelConfig", "receiverAuthorizer")},
	{"another withdraw delay", x402.ErrWithdrawDelayMismatch, false, bent(901, "payload", "channelConfig", "withdrawDelay")},
	{"a withdraw delay that no escrow takes", x402.ErrWithdrawDelayMismatch, false, bent(1, "payload", "channelConfig", "withdrawDelay")},
	{"no payer", x402.ErrPayload, false, bent(common.Address{}.Hex(), "payload", "channelConfig", "payer")},
	{"another payer's config under this channel's id", x402.ErrChannelIDMismatch, false, bent(stranger, "payload", "channelConfig", "payer")},
	{"the id of another channel", x402.ErrChannelIDMismatch, false, bent(common.Hash{1}.Hex(), "payload", "voucher", "channelId")},
	{"an id that is no id", x402.ErrChannelIDInvalid, false, bent("0x12", "payload", "voucher", "channelId")},
	{"a channel without a deposit", x402.ErrChannelNotFound, false, func(c *customer) any {
		other := *c
		other.config.Salt = common.Hash{1}
		other.id = other.domain.ChannelID(other.config)
		return other.pays(price)
	}},
	{"a voucher that somebody else signed", x402.ErrVoucherSignature, false, func(c *customer) any {
		thief := *c
		thief.key = shoptest.Key(c.t, "thief")
		return thief.pays(charged + price)
	}},
	{"a signature for a lower ceiling", x402.ErrVoucherSignature, false, func(c *customer) any {
		return set(tree(c.t, c.pays(charged+price)), "500000", "payload", "voucher", "maxClaimableAmount")
	}},
	{"a signature with a high s", x402.ErrVoucherSignature, false, func(c *customer) any {
		p := c.pays(charged + price)
		v := &p.Payload.(*x402.VoucherPayload).Voucher
		s := new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(v.Signature[32:64]))
		s.FillBytes(v.Signature[32:64])
		v.Signature[64] ^= 27 ^ 28
		return p
	}},
	{"a signature of ten bytes", x402.ErrVoucherSignature, false, bent("0x"+strings.Repeat("ab", 10), "payload", "voucher", "signature")},
	{"a signature of zeros", x402.ErrVoucherSignature, false, bent("0x"+strings.Repeat("00", 65), "payload", "voucher", "signature")},
	{"a signature of five thousand bytes", x402.ErrPayload, false, bent("0x"+strings.Repeat("ab", 5000), "payload", "voucher", "signature")},
	{"a ceiling of nothing", x402.ErrCumulativeBelowClaimed, true, func(c *customer) any { return c.pays(0) }},
	{"a stale ceiling: it paid for another request", x402.ErrCumulativeAmountMismatch, true, func(c *customer) any { return c.pays(charged) }},
	{"a low ceiling", x402.ErrCumulativeAmountMismatch, true, func(c *customer) any { return c.pays(charged + price - 1) }},
	{"a ceiling above the balance", x402.ErrCumulativeExceedsBalance, true, func(c *customer) any { return c.pays(usdc + 1) }},
	{"the highest ceiling there is", x402.ErrCumulativeExceedsBalance, true, func(c *customer) any { return c.pays(1<<64 - 1) }},
	{"an accepted amount below the price", x402.ErrCumulativeAmountMismatch, true, bent("999", "accepted", "amount")},
	{"an accepted amount below the price, by somebody else", x402.ErrCumulativeAmountMismatch, false, func(c *customer) any {
		thief := *c
		thief.key = shoptest.Key(c.t, "thief")
		return set(tree(c.t, thief.pays(charged+price)), "999", "accepted", "amount")
	}},
	{"a channel without a payer authorizer", x402.ErrAuthorizerNotConfigured, false, func(c *customer) any {
		other := *c
		other.config.PayerAuthorizer = common.Address{}
		other.id = other.domain.ChannelID(other.config)
		return other.pays(price)
	}},
	{"an accepted amount of nothing", x402.ErrCumulativeAmountMismatch, true, bent("0", "accepted", "amount")},
	{"an amount with a leading zero", x402.ErrPayload, false, bent("02000", "payload", "voucher", "maxClaimableAmount")},
	{"an amount with a sign", x402.ErrPayload, false, bent("+2000", "payload", "voucher", "maxClaimableAmount")},
	{"a negative amount", x402.ErrPayload, false, bent("-1", "payload", "voucher", "maxClaimableAmount")},
	{"an amount with an exponent", x402.ErrPayload, false, bent("2e3", "payload", "voucher", "maxClaimableAmount")},
	{"an amount with a space", x402.ErrPayload, false, bent(" 2000", "payload", "voucher", "maxClaimableAmount")},
	{"an amount that is a number", x402.ErrPayload, false, bent(2000, "payload", "voucher", "maxClaimableAmount")},
	{"an amount of two to the 64th", x402.ErrPayload, false, bent("18446744073709551616", "payload", "voucher", "maxClaimableAmount")},
	{"an empty amount", x402.ErrPayload, false, bent("", "payload", "voucher", "maxClaimableAmount")},
	{"an amount of null", x402.ErrPayload, false, bent(nil, "payload", "voucher", "maxClaimableAmount")},
	{"an address with a bad checksum", x402.ErrPayload, false, bent("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a1000A", "payload", "channelConfig", "payer")},
	{"another version of x402", x402.ErrX402Version, false, bent(1, "x402Version")},
	{"no version", x402.ErrPayload, false, bent(nil, "x402Version")},
	{"no payload", x402.ErrPayload, false, bent(nil, "payload")},
	{"no terms", x402.ErrPayload, false, bent(nil, "accepted")},
	{"an unknown type of payload", x402.ErrPayloadType, false, bent("barter", "payload", "type")},
	{"a refund where a call is sold", x402.ErrPayloadType, false, func(c *customer) any { return c.refunds(charged, nil) }},
	{"a payment identifier that is too short", x402.ErrPayload, false, bent(map[string]any{"payment-identifier": map[string]any{"info": map[string]any{"id": "short"}}}, "extensions")},
	{"a payment that is a string", x402.ErrPayload, false, func(c *customer) any {
		raw, err := json.Marshal(c.pays(charged + price))
		if err != nil {
			c.t.Fatal(err)
		}
		return string(raw)
	}},
	{"a payment that is cut off", x402.ErrPayload, false, func(c *customer) any {
		raw, err := json.Marshal(c.pays(charged + price))
		if err != nil {
			c.t.Fatal(err)
		}
		return string(raw[:len(raw)/2])
	}},
	{"a payment that is an array", x402.ErrPayload, false, func(c *customer) any { return []any{c.pays(charged + price)} }},
	{"a payment that is a number", x402.ErrPayload, false, func(*customer) any { return 1000 }},
	{"an empty payment", x402.ErrPayload, false, func(*customer) any { return map[string]any{} }},
	{"a payment of three megabytes", x402.ErrPayload, false, bent(strings.Repeat("x", 3<<20), "padding")},
	{"a payment that nests a thousand levels", x402.ErrPayload, false, func(c *customer) any {
		deep := json.RawMessage(strings.Repeat("[", 1000) + strings.Repeat("]", 1000))
		return set(tree(c.t, c.pays(charged+price)), deep, "extensions")
	}},
	{"a name twice", x402.ErrPayload, false, func(c *customer) any {
		raw, err := json.Marshal(c.pays(charged + price))
		if err != nil {
			c.t.Fatal(err)
		}
		return json.RawMessage(strings.Replace(string(raw), `"maxClaimableAmount":"2000"`, `"maxClaimableAmount":"2000","maxClaimableAmount":"3000"`, 1))
	}},
}

// bent is a good payment with another value at a path.
func bent(value any, path ...string) func(*customer) any {
	return func(c *customer) any { return set(tree(c.t, c.pays(charged+price)), value, path...) }
}

func TestABadPaymentBuysNothingAndIsToldWhatIsWrong(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	if got := c.callWith(t.Context(), map[string]any{"first": true}, c.pays(charged)); got.code() != "" || got.text() != "done" {
		t.Fatalf("the first call: %s", got.raw)
	}
	before := c.ledger(shop)
	for _, bad := range badPayments {
		t.Run(bad.name, func(t *testing.T) {
			at := *c
			at.t = t
			required := at.call("work", bad.payment(&at)).refusal()
			if required.Error != bad.code {
				t.Errorf("refused with %s (%s), want %s", required.Error, required.ErrorMessage, bad.code)
			}
			if required.ErrorMessage == "" {
				t.Error("the refusal does not explain itself")
			}
			at.holdsProof(required, bad.known, before)
			after := at.ledger(shop)
			if after.Charged != before.Charged || after.Ceiling != before.Ceiling || after.Reserved != 0 || after.InFlight != 0 {
				t.Errorf("the channel went from %+v to %+v", before, after)
			}
			if runs := work.runs.Load(); runs != 1 {
				t.Errorf("the tool has run %d times, want the one that was paid", runs)
			}
		})
	}
	if got := c.call("work", c.pays(charged+price)); got.text() != "done" {
		t.Errorf("a good payment after all the bad ones: %s", got.raw)
	}
}

// holdsProof checks that the terms of a refusal carry the channel's state, and the
// voucher that proves it, or neither.
func (c *customer) holdsProof(required *x402.PaymentRequired, known bool, want ledger.Channel) {
	c.t.Helper()
	extra := required.Accepts[0].Extra
	if !known {
		if extra.ChannelState != nil || extra.VoucherState != nil {
			c.t.Errorf("the refusal shows the state %+v, %+v", extra.ChannelState, extra.VoucherState)
		}
		return
	}
	if extra.ChannelState == nil || extra.VoucherState == nil {
		c.t.Fatalf("the refusal does not say where the channel stands: %+v, %+v", extra.ChannelState, extra.VoucherState)
	}
	state := extra.ChannelState
	if state.ChannelID != c.id || state.Balance != want.Balance || state.TotalClaimed != want.Claimed || state.ChargedCumulativeAmount == nil || *state.ChargedCumulativeAmount != want.Charged {
		c.t.Errorf("the refusal says %+v, the channel is %+v", state, want)
	}
	ceiling := *extra.VoucherState.SignedMaxClaimable
	signer, err := vouchers.Recover(c.domain.VoucherDigest(vouchers.Voucher{Channel: c.id, Ceiling: ceiling}), extra.VoucherState.Signature)
	if err != nil || signer != c.config.Payer || ceiling != want.Ceiling {
		c.t.Errorf("the proof is a voucher of %s signed by %s (%v), want the payer's own of %s", ceiling, signer, err, want.Ceiling)
	}
}

func TestACallWithoutAPaymentIsAnsweredWithTheTerms(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	got := send(t.Context(), t, shop.URL, "work", nil, nil)
	required := got.refusal()
	if required.Error != x402.ErrPaymentRequired || required.Resource.URL != "mcp://tool/work" || len(required.Accepts) != 1 {
		t.Errorf("answered %+v", required)
	}
	terms := required.Accepts[0]
	if terms.Scheme != "batch-settlement" || terms.Network != "eip155:31337" || terms.Amount != price || terms.Asset != shoptest.Net.Token ||
		terms.PayTo != shop.PayTo() || terms.Extra.WithdrawDelay != vouchers.MinWithdrawDelay || terms.Extra.Name == "" || terms.Extra.Version == "" {
		t.Errorf("the terms are %+v", terms)
	}
	inText, err := x402.DecodePaymentRequired([]byte(got.text()))
	if err != nil {
		t.Fatalf("the text %q: %v", got.text(), err)
	}
	a, _ := json.Marshal(required)
	b, _ := json.Marshal(inText)
	if string(a) != string(b) {
		t.Errorf("the structured content says\n%s\nthe text says\n%s", a, b)
	}
	if work.runs.Load() != 0 {
		t.Error("the tool has run")
	}
}

func TestTheToolsThatMoveMoneyTakeTheirOwnPayloadAlone(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	for _, test := range []struct {
		name, tool string
		payment    any
		code       x402.ErrorCode
	}{
		{"a voucher to the deposit tool", "chit_deposit", c.pays(price), x402.ErrPayloadType},
		{"a refund to the deposit tool", "chit_deposit", c.refunds(0, nil), x402.ErrPayloadType},
		{"a voucher to the refund tool", "chit_refund", c.pays(price), x402.ErrPayloadType},
		{"a deposit to the refund tool", "chit_refund", c.deposits(usdc, 0), x402.ErrPayloadType},
		{"nothing to the deposit tool", "chit_deposit", nil, x402.ErrPaymentRequired},
		{"nothing to the refund tool", "chit_refund", nil, x402.ErrPaymentRequired},
	} {
		if got := c.call(test.tool, test.payment).refusal(); got.Error != test.code {
			t.Errorf("%s: refused with %s (%s), want %s", test.name, got.Error, got.ErrorMessage, test.code)
		}
	}
	if got := c.ledger(shop); got.Balance != usdc || got.Charged != 0 {
		t.Errorf("the channel is %+v", got)
	}
}
