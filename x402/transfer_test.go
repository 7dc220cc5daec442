package x402

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

func TestStockTransfersAreReadInFull(t *testing.T) {
	var digests map[string]common.Hash
	if err := json.Unmarshal(golden(t, "digests"), &digests); err != nil {
		t.Fatal(err)
	}
	const deadline = 1_790_000_060
	for _, name := range []string{"payment-exact-eip3009", "payment-exact-permit2", "payment-upto"} {
		payment, err := DecodePaymentPayload(golden(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		accepted := payment.Accepted
		var from common.Address
		var signature vouchers.Signature
		switch p := payment.Payload.(type) {
		case *AuthorizationPayload:
			a := p.Authorization
			from, signature = a.From, p.Signature
			if p.Type() != "authorization" || accepted.Scheme != SchemeExact || a.To != accepted.PayTo || a.Value != accepted.Amount ||
				a.ValidAfter != 0 || a.ValidBefore != deadline || a.Nonce == (common.Hash{}) || accepted.Extra.Name != "USDC" || accepted.Extra.Version != "2" {
				t.Errorf("%s: read as %+v", name, p)
			}
		case *Permit2Payload:
			a := p.Permit2Authorization
			from, signature = a.From, p.Signature
			spender, facilitator := CanonicalExactProxy, common.Address{}
			if accepted.Scheme == SchemeUpto {
				spender, facilitator = CanonicalUptoProxy, accepted.Extra.FacilitatorAddress
			}
			if p.Type() != "permit2Authorization" || a.Witness.To != accepted.PayTo || a.Permitted.Amount != accepted.Amount || a.Permitted.Token != accepted.Asset ||
				a.Spender != spender || a.Witness.Facilitator != facilitator || a.Witness.ValidAfter != 0 || a.Deadline != deadline || a.Nonce.BitLen() < 200 ||
				accepted.Extra.AssetTransferMethod != TransferPermit2 {
				t.Errorf("%s: read as %+v", name, p)
			}
		}
		if signer, err := vouchers.Recover(digests[name], signature); err != nil || signer != from {
			t.Errorf("%s: %s signed, %v; it is from %s", name, signer, err, from)
		}
	}
}

func TestStockReceiptsOfTransfersAreReadInFull(t *testing.T) {
	for name, want := range map[string]vouchers.Amount{"settlement-exact": 1000, "settlement-upto": 700} {
		r, err := DecodeSettlementResponse(golden(t, name))
		if err != nil || !r.Success || amountOf(r.Amount) != want || len(r.Transaction) != 66 || r.Payer == (common.Address{}) || r.Extra.ChargedAmount != nil {
			t.Errorf("%s: %v, read as %+v", name, err, r)
		}
	}
}

// transfers are the entries of terms by exact and upto.
func transfers(t *testing.T) []Requirements {
	t.Helper()
	required, err := DecodePaymentRequired(golden(t, "payment-required-transfers"))
	if err != nil || len(required.Accepts) != 3 {
		t.Fatalf("%+v, %v", required, err)
	}
	return required.Accepts
}

func TestTermsOfTransfersAreKnownByTheirScheme(t *testing.T) {
	for i, scheme := range []string{SchemeExact, SchemeExact, SchemeUpto} {
		r := transfers(t)[i]
		if !r.Supported() || !r.Is(scheme) || r.Is(SchemeBatchSettlement) || r.Amount != 1000 || r.MaxTimeoutSeconds != 60 ||
			(r.Extra.FacilitatorAddress != common.Address{}) != (scheme == SchemeUpto) || (r.Extra.AssetTransferMethod == TransferPermit2) != (i > 0) {
			t.Errorf("read as %+v", r)
		}
	}
}

func TestTermsOfTransfersAreWrittenWithoutAChannel(t *testing.T) {
	for _, r := range transfers(t) {
		r.Amount = 7
		data, err := json.Marshal(r)
		if err != nil || !strings.Contains(string(data), `"amount":"7"`) || strings.Contains(string(data), "receiverAuthorizer") || strings.Contains(string(data), "withdrawDelay") {
			t.Errorf("%s, %v", data, err)
		}
		var again Requirements
		if err := json.Unmarshal(data, &again); err != nil || !again.Is(r.Scheme) || again.Extra.FacilitatorAddress != r.Extra.FacilitatorAddress {
			t.Errorf("%s is %+v, %v", data, again, err)
		}
	}
}

// TestAnEntryThatCannotBeHeldSpoilsNoOther: sellers of other tokens have amounts of 2^64 and more.
func TestAnEntryThatCannotBeHeldSpoilsNoOther(t *testing.T) {
	for why, change := range map[string][2]string{
		"an amount of 2^64":                {`"amount":"1000"`, `"amount":"18446744073709551616"`},
		"a token that is no address":       {`"asset":"0x036`, `"asset":"0x0g6`},
		"a timeout that is not whole":      {`"maxTimeoutSeconds":60`, `"maxTimeoutSeconds":0.5`},
		"an upto entry without its sender": {`"facilitatorAddress"`, `"facilitator"`},
	} {
		data, err := json.Marshal(json.RawMessage(golden(t, "payment-required-transfers")))
		if err != nil {
			t.Fatal(err)
		}
		bad := strings.Replace(string(data), change[0], change[1], 1)
		if bad == string(data) {
			t.Fatalf("%s: nothing changed", why)
		}
		required, err := DecodePaymentRequired([]byte(bad))
		if err != nil {
			t.Errorf("%s: %v", why, err)
			continue
		}
		carried := 0
		for _, r := range required.Accepts {
			if r.Supported() {
				continue
			}
			carried++
			if r.Scheme == "" || r.Network == "" || r.Amount != 0 || r.Asset != (common.Address{}) {
				t.Errorf("%s: carried as %+v", why, r)
			}
			r.Amount = 5
			if _, err := json.Marshal(r); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: it was changed: %v", why, err)
			}
		}
		if again, err := json.Marshal(required); err != nil || carried != 1 || string(again) == "" || !strings.Contains(string(again), change[1]) {
			t.Errorf("%s: %d are carried, %s, %v", why, carried, again, err)
		}
	}
}

func TestAnEntryMayBeWithoutExtra(t *testing.T) {
	for _, text := range []string{`{"scheme":"exact","network":"eip155:1","amount":"5","asset":"0x036cbd53842c5426634e7929541ec2318f3dcf7e","payTo":"0xe77fffb9e3097b84ff8a60e662ae1a54f9217290","maxTimeoutSeconds":60%s}`} {
		for _, extra := range []string{"", `,"extra":null`, `,"extra":{}`} {
			var r Requirements
			if err := json.Unmarshal([]byte(strings.Replace(text, "%s", extra, 1)), &r); err != nil || !r.Is(SchemeExact) || r.Amount != 5 {
				t.Errorf("%s: %+v, %v", extra, r, err)
			}
		}
	}
}

func TestTransfersThatAreRefused(t *testing.T) {
	const exact, permit2, upto = "payment-exact-eip3009", "payment-exact-permit2", "payment-upto"
	for _, c := range []member{
		{"no signature", exact, "payload.signature", absent, "", ErrMalformed, ErrExactSignatureForm},
		{"a signature of 4097 bytes", exact, "payload.signature", "0x" + strings.Repeat("ab", 4097), "", ErrMalformed, ErrExactSignatureForm},
		{"no authorization", exact, "payload.authorization", absent, "", ErrMalformed, ErrPayload},
		{"a value that is a number", exact, "payload.authorization.value", 1000, "", ErrMalformed, ErrPayload},
		{"a value of 2^64", exact, "payload.authorization.value", "18446744073709551616", "", ErrMalformed, ErrPayload},
		{"a time with a leading zero", exact, "payload.authorization.validBefore", "01", "", ErrMalformed, ErrPayload},
		{"no time", exact, "payload.authorization.validAfter", absent, "", ErrMalformed, ErrPayload},
		{"a nonce of 31 bytes", exact, "payload.authorization.nonce", "0x" + strings.Repeat("00", 31), "", ErrMalformed, ErrPayload},
		{"a payer with a bad checksum", exact, "payload.authorization.from", "0x8f9aA869feD06527c9e7Eb787D7FE0ECB4aE0282", "", ErrMalformed, ErrPayload},
		{"terms that cannot be held", exact, "accepted.amount", "18446744073709551616", "", ErrMalformed, ErrPayload},
		{"terms without a token", exact, "accepted.asset", absent, "", ErrMalformed, ErrPayload},
		{"a permit nonce of 2^256", permit2, "payload.permit2Authorization.nonce", "115792089237316195423570985008687907853269984665640564039457584007913129639936", "", ErrMalformed, ErrPayload},
		{"a permit without a payee", permit2, "payload.permit2Authorization.witness.to", absent, "", ErrMalformed, ErrPayload},
		{"a permit without a token", permit2, "payload.permit2Authorization.permitted.token", absent, "", ErrMalformed, ErrPayload},
		{"a permit without its owner", permit2, "payload.permit2Authorization.from", absent, "", ErrMalformed, ErrPayload},
		{"a transfer signed in two ways", permit2, "payload.authorization", map[string]any{}, "payload", ErrMalformed, ErrPayload},
		{"a permit of upto for any sender", upto, "payload.permit2Authorization.witness.facilitator", absent, "", ErrMalformed, ErrPayload},
		{"terms of upto without a sender", upto, "accepted.extra.facilitatorAddress", absent, "", ErrMalformed, ErrPayload},
		{"upto without a permit", upto, "payload.permit2Authorization", absent, "", ErrMalformed, ErrPayload},
		{"a payload that is a list", upto, "payload", []any{}, "", ErrMalformed, ErrPayload},
		{"a transfer for a channel", exact, "accepted.scheme", "batch-settlement", "accepted.extra.receiverAuthorizer", ErrMalformed, ErrPayload},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := DecodePaymentPayload(edit(t, c.file, c.path, c.value))
			place := c.place
			if place == "" {
				place = c.path
			}
			var where *DecodeError
			if !errors.Is(err, c.err) || !errors.As(err, &where) || where.Path != place || CodeOf(err) != c.code {
				t.Errorf("got %v, code %s; want it at %s, code %s", err, CodeOf(err), place, c.code)
			}
		})
	}
}

func TestATransferThatCannotBeWrittenIsRefused(t *testing.T) {
	payment, err := DecodePaymentPayload(golden(t, "payment-upto"))
	if err != nil {
		t.Fatal(err)
	}
	payment.Payload.(*Permit2Payload).Permit2Authorization.Nonce = big.NewInt(-1)
	if _, err := json.Marshal(payment); !errors.Is(err, ErrMalformed) {
		t.Errorf("a negative nonce: %v", err)
	}
}

func TestAPaymentByTransferIsReadQuickly(t *testing.T) {
	var d PaymentDecoder
	data, err := json.Marshal(json.RawMessage(golden(t, "payment-exact-eip3009")))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := d.quickly(data); !ok {
		t.Error("it is not")
	}
	agrees(t, &d, data)
	for _, change := range [][2]string{
		{`"scheme":"exact"`, `"scheme":"upto"`}, {`"value":"1000"`, `"value":1000`}, {`"signature":`, `"permit2Authorization":{},"signature":`}, {`"nonce":`, `"more":1,"nonce":`},
		{`"amount":"1000"`, `"amount":"18446744073709551616"`}, {`"validAfter":"0"`, `"validAfter":"00"`},
	} {
		agrees(t, &d, []byte(strings.Replace(string(data), change[0], change[1], 1)))
	}
}

func TestOnlyAMissingApprovalIsAnsweredWithAnotherStatus(t *testing.T) {
	for code, want := range map[ErrorCode]int{
		ErrTransferPermit2AllowanceRequired: http.StatusPreconditionFailed, ErrPermit2AllowanceRequired: http.StatusPaymentRequired, ErrPaymentRequired: http.StatusPaymentRequired, "": http.StatusPaymentRequired,
	} {
		if got := code.HTTPStatus(); got != want {
			t.Errorf("%q: %d, want %d", code, got, want)
		}
	}
}
