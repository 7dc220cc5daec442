package shoptest

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// Regular is a payer who calls one tool of a shop over and over.
type Regular struct {
	t       testing.TB
	tool    string
	key     keys.Signer
	domain  *vouchers.Domain
	payload x402.PaymentPayload
	voucher x402.VoucherPayload
}

// NewRegular returns a payer who signs with a key for a channel that nothing was charged
// to yet. The terms are those of the tool.
func NewRegular(t testing.TB, terms x402.Requirements, tool string, key keys.Signer, channel vouchers.ChannelConfig) *Regular {
	t.Helper()
	r := &Regular{t: t, tool: tool, key: key, domain: domainOf(terms)}
	r.voucher.ChannelConfig, r.voucher.Voucher.ChannelID = channel, r.domain.ChannelID(channel)
	r.payload = x402.PaymentPayload{
		Resource: &x402.Resource{URL: "mcp://tool/" + tool, MimeType: "application/json"},
		Accepted: terms, Payload: &r.voucher,
	}
	return r
}

// OpenUnbacked opens the n-th channel of a key in a shop's ledger alone, which does
// while nobody compares the ledger to the chain.
func OpenUnbacked(t testing.TB, shop *Shop, terms x402.Requirements, key keys.Signer, n int) vouchers.ChannelConfig {
	t.Helper()
	channel := vouchers.ChannelConfig{
		Payer: key.Address(), PayerAuthorizer: key.Address(), Receiver: terms.PayTo,
		ReceiverAuthorizer: terms.Extra.ReceiverAuthorizer, Token: terms.Asset, WithdrawDelay: terms.Extra.WithdrawDelay,
		Salt: common.BigToHash(big.NewInt(int64(n))),
	}
	if _, err := shop.Ledger.Open(t.Context(), domainOf(terms).Deployment(), channel, vouchers.ChainState{Balance: 1 << 50}); err != nil {
		t.Fatal(err)
	}
	return channel
}

func domainOf(terms x402.Requirements) *vouchers.Domain {
	return vouchers.NewDomain(vouchers.Deployment{ChainID: Net.Client.ChainID(), Escrow: *terms.Extra.Escrow})
}

// Next is the body of the next call, with a voucher that pays for all calls up to it.
func (r *Regular) Next() []byte {
	r.t.Helper()
	return CallBody(r.t, r.tool, r.NextPayment())
}

// NextPayment is the payment of the next call, in JSON.
func (r *Regular) NextPayment() json.RawMessage {
	r.t.Helper()
	r.sign()
	payment, err := json.Marshal(r.payload)
	if err != nil {
		r.t.Fatal(err)
	}
	return payment
}

// NextShort is [Regular.NextPayment] in the short form.
func (r *Regular) NextShort() string {
	r.t.Helper()
	v := r.sign()
	compact, err := v.Signature.Compact()
	if err != nil {
		r.t.Fatal(err)
	}
	payment := short.Payment{Channel: v.ChannelID, Ceiling: v.MaxClaimableAmount, Amount: r.payload.Accepted.Amount, Signature: compact}
	text, err := payment.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// sign signs the next voucher.
func (r *Regular) sign() *x402.SignedVoucher {
	r.t.Helper()
	v := &r.voucher.Voucher
	v.MaxClaimableAmount += r.payload.Accepted.Amount
	signature, err := r.key.SignHash(r.t.Context(), r.domain.VoucherDigest(v.Voucher()))
	if err != nil {
		r.t.Fatal(err)
	}
	v.Signature = signature
	return v
}

// Terms are what a tool is sold at.
func (w *Wire) Terms(url, tool string) x402.Requirements {
	w.t.Helper()
	answer, err := w.post(url, CallBody(w.t, tool, nil))
	if err != nil {
		w.t.Fatal(err)
	}
	var reply struct {
		Result struct{ StructuredContent x402.PaymentRequired }
	}
	if err := json.Unmarshal(answer, &reply); err != nil || len(reply.Result.StructuredContent.Accepts) == 0 {
		w.t.Fatalf("no terms in %s: %v", answer, err)
	}
	return reply.Result.StructuredContent.Accepts[0]
}

// CallBody is the body of a call, with a payment or nil.
func CallBody(t testing.TB, tool string, payment json.RawMessage) []byte {
	t.Helper()
	if payment == nil {
		return CallBodyWith(t, tool, nil)
	}
	return CallBodyWith(t, tool, map[string]any{x402.MetaPayment: payment})
}

// CallBodyWith is the body of a call with a _meta, or nil.
func CallBodyWith(t testing.TB, tool string, meta map[string]any) []byte {
	t.Helper()
	params := map[string]any{"name": tool, "arguments": map[string]any{}}
	if meta != nil {
		params["_meta"] = meta
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
	if err != nil {
		t.Fatal(err)
	}
	return body
}
