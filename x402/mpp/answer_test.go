package mpp_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

func TestAReceiptIsReadAsItWasWritten(t *testing.T) {
	want := &mpp.Receipt{
		Method: mpp.MethodEVM, Reference: "0xabc", Timestamp: then.Add(7 * time.Millisecond), ChallengeID: "id", ExternalID: "order 1", Unknown: []byte(`{"more":[1]}`),
	}
	header, err := want.Header()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := mpp.ParseReceipt(header); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: read as %+v, want %+v", err, got, want)
	}
}

func TestWhatIsNoReceiptIsRefused(t *testing.T) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	good := `{"method":"evm","reference":"0x1","status":"success","timestamp":"2026-09-21T12:00:00Z"}`
	if _, err := mpp.ParseReceipt(encode(good)); err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]string{
		"nothing":             "",
		"no base64url":        "e30+",
		"no JSON":             encode("{"),
		"no reference":        encode(strings.Replace(good, "reference", "other", 1)),
		"a failure":           encode(strings.Replace(good, "success", "failed", 1)),
		"a time that is none": encode(strings.Replace(good, "2026-09-21T12:00:00Z", "noon", 1)),
		"a name twice":        encode(strings.Replace(good, `"method"`, `"status":"success","method"`, 1)),
		"too much":            encode(strings.Replace(good, "0x1", strings.Repeat("1", mpp.MaxBytes), 1)),
	} {
		if r, err := mpp.ParseReceipt(header); !errors.Is(err, mpp.ErrMalformed) || r != nil {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

func TestAnAnswerOverMCPIsReadAsItWasWritten(t *testing.T) {
	_, c := issued(t, nil)
	problem, _ := mpp.ProblemOf(fmt.Errorf("%w: too late", mpp.ErrExpired), c.ID)
	want := &mpp.Required{
		Challenges: []mpp.Challenge{*c, *c}, Problem: problem,
		X402: &x402.PaymentRequired{Error: x402.ErrPaymentRequired, Resource: x402.Resource{URL: "mcp://tool/search"}, Accepts: []x402.Requirements{}},
	}
	if got, err := mpp.DecodeRequired(encoded(t, want)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: read as\n%+v\nwant\n%+v", err, got, want)
	}
}

func TestWhatIsNoAnswerOverMCPIsRefused(t *testing.T) {
	_, c := issued(t, nil)
	good := string(encoded(t, mpp.Required{Challenges: []mpp.Challenge{*c}}))
	challenge := string(encoded(t, c))
	for name, data := range map[string]string{
		"nothing":                     "",
		"no challenges":               `{"httpStatus":402}`,
		"none of them":                `{"challenges":[]}`,
		"too many":                    `{"challenges":[` + strings.Repeat(challenge+",", mpp.MaxChallenges) + challenge + "]}",
		"one that is none among good": strings.Replace(good, "[", `[{"id":"x"},`, 1),
		"an x402 that is none":        strings.Replace(good, "{", `{"x402":{"x402Version":2},`, 1),
		"too much":                    strings.Replace(good, "{", `{"a":"`+strings.Repeat("b", x402.DefaultMaxBytes)+`",`, 1),
	} {
		if r, err := mpp.DecodeRequired([]byte(data)); !errors.Is(err, mpp.ErrMalformed) || r != nil {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

func TestEachErrorHasItsProblem(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		kind string
		code int
	}{
		"none":            {nil, "payment-required", mpp.CodePaymentRequired},
		"malformed":       {mpp.ErrMalformed, "malformed-credential", mpp.CodeInvalidParams},
		"payload":         {mpp.ErrPayload, "invalid-payload", mpp.CodeInvalidParams},
		"unsupported":     {mpp.ErrUnsupported, "invalid-payload", mpp.CodeInvalidParams},
		"foreign":         {mpp.ErrForeign, "invalid-challenge", mpp.CodeVerificationFailed},
		"expired":         {mpp.ErrExpired, "payment-expired", mpp.CodeVerificationFailed},
		"mismatch":        {mpp.ErrMismatch, "verification-failed", mpp.CodeVerificationFailed},
		"somebody else's": {errors.New("no money"), "verification-failed", mpp.CodeVerificationFailed},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("the call: %w", err)
		}
		p, code := mpp.ProblemOf(err, "id")
		if p.Type != "https://paymentauth.org/problems/"+c.kind || code != c.code || p.Status != 402 || p.ChallengeID != "id" || p.Title == "" || p.Detail == "" {
			t.Errorf("%s: %d, %+v", name, code, p)
		}
	}
}
