package x402

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// edit returns a golden document with one member set, or removed if value is absent.
func edit(tb testing.TB, name, path string, value any) []byte {
	tb.Helper()
	document := tree(tb, golden(tb, name))
	at := document
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		if step == "0" {
			at = at.([]any)[0]
		} else {
			at = at.(map[string]any)[step]
		}
	}
	object, last := at.(map[string]any), steps[len(steps)-1]
	if value == absent {
		delete(object, last)
	} else {
		object[last] = value
	}
	data, err := json.Marshal(document)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

var absent = new(struct{ _ byte })

// Golden documents, and places in them.
const (
	voucherFile = "payment-voucher"
	depositFile = "payment-deposit-eip3009"
	permitFile  = "payment-deposit-permit2"
	refundFile  = "payment-refund"
	termsFile   = "payment-required"
	receiptFile = "settlement-voucher"
	ceilingAt   = "payload.voucher.maxClaimableAmount"
	payerAt     = "payload.channelConfig.payer"
	saltAt      = "payload.deposit.authorization.erc3009Authorization.salt"
	nonceAt     = "payload.deposit.authorization.permit2Authorization.nonce"
)

// member is a document with one member changed, and what becomes of it.
type member struct {
	why, file, path string
	value           any
	place           string // where it differs from path
	err             error
	code            ErrorCode
}

// ofVouchers are members of a payment by voucher.
var ofVouchers = []member{
	{"an amount that is a number", voucherFile, ceilingAt, 2000, "", ErrMalformed, ErrPayload},
	{"an amount with a leading zero", voucherFile, ceilingAt, "02000", "", ErrMalformed, ErrPayload},
	{"an amount with a sign", voucherFile, ceilingAt, "+2000", "", ErrMalformed, ErrPayload},
	{"a negative amount", voucherFile, ceilingAt, "-1", "", ErrMalformed, ErrPayload},
	{"an amount with decimals", voucherFile, ceilingAt, "1.5", "", ErrMalformed, ErrPayload},
	{"an amount with an exponent", voucherFile, ceilingAt, "1e6", "", ErrMalformed, ErrPayload},
	{"an amount in hex", voucherFile, ceilingAt, "0x10", "", ErrMalformed, ErrPayload},
	{"an empty amount", voucherFile, ceilingAt, "", "", ErrMalformed, ErrPayload},
	{"an amount with space around it", voucherFile, ceilingAt, " 2000", "", ErrMalformed, ErrPayload},
	{"an amount of 2^64", voucherFile, ceilingAt, "18446744073709551616", "", ErrMalformed, ErrPayload},
	{"no amount", voucherFile, ceilingAt, absent, "", ErrMalformed, ErrPayload},
	{"a null amount where one is required", voucherFile, ceilingAt, nil, "", ErrMalformed, ErrPayload},
	{"an amount under a name in another case", voucherFile, "payload.voucher.MaxClaimableAmount", "1", "", nil, ""},
	{"a channel id that is too short", voucherFile, "payload.voucher.channelId", "0x12", "", ErrMalformed, ErrChannelIDInvalid},
	{"a channel id with an upper-case prefix", voucherFile, "payload.voucher.channelId", "0X" + strings.Repeat("a", 64), "", ErrMalformed, ErrChannelIDInvalid},
	{"a signature without a prefix", voucherFile, "payload.voucher.signature", strings.Repeat("ab", 65), "", ErrMalformed, ErrPayload},
	{"a signature of half a byte", voucherFile, "payload.voucher.signature", "0xabc", "", ErrMalformed, ErrPayload},
	{"an empty signature", voucherFile, "payload.voucher.signature", "", "", ErrMalformed, ErrPayload},
	{"a signature of 4097 bytes", voucherFile, "payload.voucher.signature", "0x" + strings.Repeat("ab", 4097), "", ErrMalformed, ErrPayload},
	{"an address that is too long", voucherFile, payerAt, "0x" + strings.Repeat("1", 41), "", ErrMalformed, ErrPayload},
	{"an address that is not hex", voucherFile, payerAt, "0x" + strings.Repeat("g", 40), "", ErrMalformed, ErrPayload},
	{"an address with a bad checksum", voucherFile, payerAt, "0x8f9aA869feD06527c9e7Eb787D7FE0ECB4aE0282", "", ErrMalformed, ErrPayload},
	{"no authorizer", voucherFile, "payload.channelConfig.payerAuthorizer", absent, "", ErrMalformed, ErrPayload},
	{"a withdraw delay in quotes", voucherFile, "payload.channelConfig.withdrawDelay", "900", "", ErrMalformed, ErrPayload},
	{"a withdraw delay that is not whole", voucherFile, "payload.channelConfig.withdrawDelay", 900.5, "", ErrMalformed, ErrPayload},
	{"a negative withdraw delay", voucherFile, "payload.channelConfig.withdrawDelay", -900, "", ErrMalformed, ErrPayload},
	{"a withdraw delay of 2^40", voucherFile, "payload.channelConfig.withdrawDelay", 1 << 40, "", ErrMalformed, ErrPayload},
	{"a salt of 31 bytes", voucherFile, "payload.channelConfig.salt", "0x" + strings.Repeat("00", 31), "", ErrMalformed, ErrPayload},
	{"a channel config that is a list", voucherFile, "payload.channelConfig", []any{}, "", ErrMalformed, ErrPayload},
	{"no voucher", voucherFile, "payload.voucher", absent, "", ErrMalformed, ErrPayload},
	{"no type", voucherFile, "payload.type", absent, "", ErrMalformed, ErrPayloadType},
	{"a type that payers do not send", voucherFile, "payload.type", "claim", "", ErrUnsupported, ErrPayloadType},
	{"a deposit without its money", voucherFile, "payload.type", "deposit", "payload.deposit", ErrMalformed, ErrPayload},
	{"no payload", voucherFile, "payload", absent, "", ErrMalformed, ErrPayload},
	{"no accepted terms", voucherFile, "accepted", absent, "", ErrMalformed, ErrPayload},
	{"accepted terms that are text", voucherFile, "accepted", "batch-settlement", "", ErrMalformed, ErrPayload},
	{"another scheme", voucherFile, "accepted.scheme", "auth-capture", "", ErrUnsupported, ErrScheme},
	{"a voucher for a scheme of transfers", voucherFile, "accepted.scheme", "exact", "payload.authorization", ErrMalformed, ErrPayload},
	{"a scheme that is a number", voucherFile, "accepted.scheme", 1, "", ErrMalformed, ErrScheme},
	{"another family of chains", voucherFile, "accepted.network", "solana:mainnet", "", ErrUnsupported, ErrNetworkMismatch},
	{"a chain id with a leading zero", voucherFile, "accepted.network", "eip155:08453", "", ErrUnsupported, ErrNetworkMismatch},
	{"no extra", voucherFile, "accepted.extra", absent, "", ErrMalformed, ErrPayload},
	{"a timeout above what numbers keep", voucherFile, "accepted.maxTimeoutSeconds", 1 << 53, "", ErrMalformed, ErrPayload},
	{"a resource without a URL", voucherFile, "resource.url", absent, "", ErrMalformed, ErrPayload},
	{"a description that is a number", voucherFile, "resource.description", 7, "", ErrMalformed, ErrPayload},
	{"extensions that are a list", voucherFile, "extensions", []any{}, "", ErrMalformed, ErrPayload},
	{"version 1", voucherFile, "x402Version", 1, "", ErrVersion, ErrX402Version},
	{"a version in quotes", voucherFile, "x402Version", "2", "", ErrVersion, ErrX402Version},
	{"no version", voucherFile, "x402Version", absent, "", ErrMalformed, ErrPayload},
}

// ofOthers are members of other documents.
var ofOthers = []member{
	{"a deposit of nothing known", depositFile, "payload.deposit.authorization", map[string]any{"other": 1}, "", ErrMalformed, ErrPayload},
	{"a deposit salt in decimal", depositFile, saltAt, "12", "", ErrMalformed, ErrPayload},
	{"a deposit salt of 33 bytes", depositFile, saltAt, "0x" + strings.Repeat("00", 33), "", ErrMalformed, ErrPayload},
	{"a time that is a number", depositFile, "payload.deposit.authorization.erc3009Authorization.validBefore", 1, "", ErrMalformed, ErrPayload},
	{"a time with a leading zero", depositFile, "payload.deposit.authorization.erc3009Authorization.validBefore", "01", "", ErrMalformed, ErrPayload},
	{"a nonce in hex", permitFile, nonceAt, "0x12", "", ErrMalformed, ErrPayload},
	{"a nonce that is a number", permitFile, nonceAt, 12, "", ErrMalformed, ErrPayload},
	{"a nonce of 2^256", permitFile, nonceAt, "115792089237316195423570985008687907853269984665640564039457584007913129639936", "", ErrMalformed, ErrPayload},
	{"a nonce with a leading zero", permitFile, nonceAt, "012", "", ErrMalformed, ErrPayload},
	{"an empty nonce", permitFile, nonceAt, "", "", ErrMalformed, ErrPayload},
	{"an endless nonce", permitFile, nonceAt, strings.Repeat("9", 5000), "", ErrMalformed, ErrPayload},
	{"a permit without a witness", permitFile, "payload.deposit.authorization.permit2Authorization.witness.channelId", absent, "", ErrMalformed, ErrPayload},
	{"a refund amount that is a number", refundFile, "payload.amount", 1500, "", ErrMalformed, ErrPayload},
	{"terms without a resource", termsFile, "resource", absent, "", ErrMalformed, ErrPayload},
	{"terms that accept nothing that is a list", termsFile, "accepts", "USDC", "", ErrMalformed, ErrPayload},
	{"an entry without a scheme", termsFile, "accepts.0.scheme", absent, "accepts[0].scheme", ErrMalformed, ErrPayload},
	{"an entry without an authorizer", termsFile, "accepts.0.extra.receiverAuthorizer", absent, "accepts[0].extra.receiverAuthorizer", ErrMalformed, ErrPayload},
	{"a least deposit that is a price", termsFile, "accepts.0.extra.minDeposit", "$1", "accepts[0].extra.minDeposit", ErrMalformed, ErrPayload},
	{"an escrow that is no address", termsFile, "accepts.0.extra.escrow", "canonical", "accepts[0].extra.escrow", ErrMalformed, ErrPayload},
	{"a receipt that does not say whether it worked", receiptFile, "success", absent, "", ErrMalformed, ErrPayload},
	{"a receipt that worked a little", receiptFile, "success", "yes", "", ErrMalformed, ErrPayload},
	{"a transaction that is no hash", receiptFile, "transaction", "0x12", "", ErrMalformed, ErrPayload},
	{"a receipt's amount that is a number", receiptFile, "amount", 0, "", ErrMalformed, ErrPayload},
	{"a refund nonce that is a number", receiptFile, "extra.channelState.refundNonce", 1, "", ErrMalformed, ErrPayload},
	{"a charge with a leading zero", receiptFile, "extra.chargedAmount", "01", "", ErrMalformed, ErrPayload},
}

func TestMembersThatAreRefused(t *testing.T) {
	payment := tree(t, golden(t, permitFile)).(map[string]any)["payload"].(map[string]any)
	authorization := payment["deposit"].(map[string]any)["authorization"].(map[string]any)
	twice := member{"a deposit authorized twice", depositFile, "payload.deposit.authorization.permit2Authorization", authorization["permit2Authorization"], "payload.deposit.authorization", ErrMalformed, ErrPayload}
	for _, c := range slices.Concat(ofVouchers, ofOthers, []member{twice}) {
		t.Run(c.why, func(t *testing.T) {
			err := decodeNamed(c.file, edit(t, c.file, c.path, c.value))
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if c.err == nil {
				return
			}
			place := c.place
			if place == "" {
				place = c.path
			}
			var where *DecodeError
			if !errors.As(err, &where) || where.Path != place || where.Want == "" {
				t.Errorf("%v: at %+v, want it at %s", err, where, place)
			}
			if text := err.Error(); len(text) > 400 || strings.Contains(text, "\n") || !strings.Contains(text, place) {
				t.Errorf("the message is %q", text)
			}
			if code := CodeOf(err); code != c.code {
				t.Errorf("code %s, want %s", code, c.code)
			}
		})
	}
}

func decodeNamed(name string, data []byte) (err error) {
	switch {
	case strings.HasPrefix(name, "payment-required"):
		_, err = DecodePaymentRequired(data)
	case strings.HasPrefix(name, "payment-"):
		_, err = DecodePaymentPayload(data)
	default:
		_, err = DecodeSettlementResponse(data)
	}
	return err
}

func TestTextThatIsRefused(t *testing.T) {
	voucher := strings.TrimSpace(string(golden(t, "payment-voucher")))
	inside := func(member string) string { return strings.Replace(voucher, "{", "{"+member+",", 1) }
	nested := func(levels int) string {
		return inside(`"deep":` + strings.Repeat("[", levels) + strings.Repeat("]", levels))
	}
	for _, c := range []struct {
		why, text, place string
		err              error
	}{
		{"nothing", "", "", ErrMalformed},
		{"null", "null", "", ErrMalformed},
		{"a list", "[]", "", ErrMalformed},
		{"a list over two lines", "[\n]", "", ErrMalformed},
		{"a name of two lines twice", inside(`"a\nb":1,"a\nb":2`), `"a\nb"`, ErrMalformed},
		{"text in quotes", `"voucher"`, "", ErrMalformed},
		{"half a document", voucher[:len(voucher)/2], "", ErrMalformed},
		{"a second document", voucher + voucher, "", ErrMalformed},
		{"a letter after the end", voucher + "x", "", ErrMalformed},
		{"a trailing comma", voucher[:len(voucher)-1] + ",}", "", ErrMalformed},
		{"a comment", inside("/* hello */"), "", ErrMalformed},
		{"a number that is none", inside(`"n":NaN`), "n", ErrMalformed},
		{"invalid UTF-8", inside("\"n\":\"\xff\""), "n", ErrMalformed},
		{"a lone surrogate", inside(`"n":"\ud800"`), "n", ErrMalformed},
		{"the version twice", inside(`"x402Version":2`), "x402Version", ErrMalformed},
		{"an unknown name twice", inside(`"n":1,"n":1`), "n", ErrMalformed},
		{"a name twice, once in escapes", inside(`"\u006e":1,"n":1`), "n", ErrMalformed},
		{"a name twice, far inside", inside(`"n":[{"a":{"b":1,"b":2}}]`), "n[0].a.b", ErrMalformed},
		{"the ceiling twice", strings.Replace(voucher, `"maxClaimableAmount"`, `"maxClaimableAmount":"1","maxClaimableAmount"`, 1), "payload.voucher.maxClaimableAmount", ErrMalformed},
		{"nesting one level above the limit", nested(MaxDepth), "", ErrTooDeep},
		{"endless nesting", strings.Repeat("[", 100_000), "", ErrTooDeep},
		{"one byte above the limit", inside(`"n":"` + strings.Repeat("n", DefaultMaxBytes-len(voucher)-6) + `"`), "", ErrTooLarge},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := DecodePaymentPayload([]byte(c.text))
			if !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			var where *DecodeError
			if c.place != "" && (!errors.As(err, &where) || where.Path != c.place) {
				t.Errorf("%v, want it at %s", err, c.place)
			}
			if text := err.Error(); len(text) > 400 || strings.Contains(text, "\n") {
				t.Errorf("the message is %q", text)
			}
		})
	}
	if _, err := DecodePaymentPayload([]byte(nested(MaxDepth - 1))); err != nil {
		t.Errorf("nesting at the limit: %v", err)
	}
	if _, err := DecodePaymentPayload([]byte(voucher), WithMaxBytes(len(voucher))); err != nil {
		t.Errorf("a document at the limit: %v", err)
	}
	if _, err := DecodePaymentPayload([]byte(voucher), WithMaxBytes(len(voucher)-1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a document above a limit that was set: %v", err)
	}
}

func TestHeadersThatAreRefused(t *testing.T) {
	payment, err := DecodePaymentPayload(golden(t, "payment-voucher"))
	if err != nil {
		t.Fatal(err)
	}
	header, err := EncodeHeader(payment)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, header string
		err         error
	}{
		{"nothing", "", ErrMalformed},
		{"plain JSON", `{"x402Version":2}`, ErrMalformed},
		{"the alphabet for URLs", "_-_-", ErrMalformed},
		{"no padding", "e30", ErrMalformed},
		{"bits after the end", "e31=", ErrMalformed},
		{"a line break", header[:4] + "\n" + header[4:], ErrMalformed},
		{"too much", strings.Repeat("AAAA", DefaultMaxBytes/3+1), ErrTooLarge},
	} {
		if _, err := DecodeHeader[PaymentPayload](c.header); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.why, err, c.err)
		}
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	for why, value := range map[string]any{
		"nothing": nil, "text": "voucher", "a number": 2, "a function": func() {}, "invalid UTF-8": map[string]any{"n": "\xff"},
		"a number that is none": map[string]any{"n": json.Number("one")},
	} {
		if _, err := DecodeValue[PaymentPayload](value); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
