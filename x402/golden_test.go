package x402

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
)

// The golden files are what a stock client and a stock server wrote; see scripts/vectors.

func golden(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// tree is data as encoding/json sees it, with addresses in one case.
func tree(tb testing.TB, data []byte) any {
	tb.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		tb.Fatalf("%v in %s", err, data)
	}
	return foldAddresses(v)
}

func foldAddresses(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = foldAddresses(member)
		}
	case []any:
		for i, item := range v {
			v[i] = foldAddresses(item)
		}
	case string:
		if common.IsHexAddress(v) {
			return strings.ToLower(v)
		}
	}
	return v
}

// roundTrip holds every way in and out of a document against data.
func roundTrip[D Document](t *testing.T, data []byte) {
	t.Helper()
	first, err := decode[D](data, nil)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	if want, got := tree(t, data), tree(t, encoded); !reflect.DeepEqual(want, got) {
		t.Errorf("encodes to\n%s\nwant\n%s", encoded, data)
	}
	same := func(how string, again *D, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", how, err)
			return
		}
		text, err := json.Marshal(again)
		if err != nil || !reflect.DeepEqual(tree(t, text), tree(t, encoded)) {
			t.Errorf("%s: %v\n%s\nwant\n%s", how, err, text, encoded)
		}
	}
	var v1 D
	err = json.Unmarshal(data, &v1)
	same("encoding/json", &v1, err)
	again, err := DecodeValue[D](first)
	same("from the document itself", again, err)
	var untyped map[string]any
	if err := json.Unmarshal(data, &untyped); err != nil {
		t.Fatal(err)
	}
	again, err = DecodeValue[D](untyped)
	same("from maps", again, err)
	again, err = DecodeValue[D](json.RawMessage(data))
	same("from raw JSON", again, err)
	header, err := EncodeHeader(first)
	if err != nil {
		t.Fatal(err)
	}
	again, err = DecodeHeader[D](header)
	same("through a header", again, err)
}

func TestDocumentsOfStockPackagesRoundTripWithoutLoss(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			switch {
			case strings.HasPrefix(name, "payment-required"):
				roundTrip[PaymentRequired](t, golden(t, name))
			case strings.HasPrefix(name, "payment-"):
				roundTrip[PaymentPayload](t, golden(t, name))
			case strings.HasPrefix(name, "settlement-"):
				roundTrip[SettlementResponse](t, golden(t, name))
			}
		})
	}
}

func TestHeadersOfStockPackagesAreRead(t *testing.T) {
	var headers map[string]string
	if err := json.Unmarshal(golden(t, "headers"), &headers); err != nil {
		t.Fatal(err)
	}
	required, err := DecodeHeader[PaymentRequired](headers[HeaderPaymentRequired])
	if err != nil || len(required.Accepts) != 3 {
		t.Errorf("%s: %v, %+v", HeaderPaymentRequired, err, required)
	}
	payment, err := DecodeHeader[PaymentPayload](headers[HeaderPaymentSignature])
	if err != nil || payment.Payload.Type() != "voucher" {
		t.Errorf("%s: %v, %+v", HeaderPaymentSignature, err, payment)
	}
	response, err := DecodeHeader[SettlementResponse](headers[HeaderPaymentResponse])
	if err != nil || !response.Success {
		t.Errorf("%s: %v, %+v", HeaderPaymentResponse, err, response)
	}
}

func TestStockTermsAreReadInFull(t *testing.T) {
	required, err := DecodePaymentRequired(golden(t, "payment-required-corrective"))
	if err != nil {
		t.Fatal(err)
	}
	offer := required.Accepts[0]
	if required.Error != ErrCumulativeAmountMismatch || required.Resource.URL != "https://tools.example/search" ||
		!offer.Supported() || offer.Amount != 1000 || offer.MaxTimeoutSeconds != 3600 || offer.Extra.MinDeposit != 10_000 ||
		offer.Extra.WithdrawDelay != MinWithdrawDelay || offer.Extra.Name != "USDC" || offer.Extra.Escrow != nil {
		t.Errorf("read as %+v", required)
	}
	state, voucher := offer.Extra.ChannelState, offer.Extra.VoucherState
	if state == nil || state.Partial() || state.Balance != 10_000 || *state.ChargedCumulativeAmount != 2000 ||
		voucher == nil || *voucher.SignedMaxClaimable != 2000 || len(voucher.Signature) != 65 {
		t.Errorf("read as %+v and %+v", state, voucher)
	}
}

func TestStockPaymentsAreSignedOverWhatIsRead(t *testing.T) {
	for name, charged := range map[string]vouchers.Amount{
		"payment-deposit-eip3009": 1000, "payment-deposit-permit2": 1000, "payment-voucher": 2000, "payment-refund": 2000,
	} {
		payment, err := DecodePaymentPayload(golden(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var config vouchers.ChannelConfig
		var voucher SignedVoucher
		switch p := payment.Payload.(type) {
		case *DepositPayload:
			config, voucher = p.ChannelConfig, p.Voucher
		case *VoucherPayload:
			config, voucher = p.ChannelConfig, p.Voucher
		case *RefundPayload:
			config, voucher = p.ChannelConfig, p.Voucher
		}
		chainID, err := ParseNetwork(payment.Accepted.Network)
		if err != nil {
			t.Fatal(err)
		}
		domain := vouchers.NewDomain(vouchers.Deployment{ChainID: chainID, Escrow: CanonicalEscrow})
		if id := domain.ChannelID(config); id != voucher.ChannelID {
			t.Errorf("%s: channel %s, the voucher names %s", name, id, voucher.ChannelID)
		}
		signer, err := vouchers.Recover(domain.VoucherDigest(voucher.Voucher()), voucher.Signature)
		if err != nil || signer != config.VoucherSigner() || voucher.MaxClaimableAmount != charged {
			t.Errorf("%s: %s signed %s, %v", name, signer, voucher.MaxClaimableAmount, err)
		}
	}
}

func TestStockDepositsAreReadInFull(t *testing.T) {
	payment, err := DecodePaymentPayload(golden(t, "payment-deposit-eip3009"))
	if err != nil {
		t.Fatal(err)
	}
	authorization := payment.Payload.(*DepositPayload).Deposit.Authorization.Erc3009
	if authorization == nil || authorization.ValidAfter != 0 || authorization.ValidBefore != 1_790_003_600 || authorization.Salt.BitLen() < 200 {
		t.Errorf("read as %+v", authorization)
	}
	payment, err = DecodePaymentPayload(golden(t, "payment-deposit-permit2"))
	if err != nil {
		t.Fatal(err)
	}
	deposit := payment.Payload.(*DepositPayload).Deposit
	permit := deposit.Authorization.Permit2
	if permit == nil || permit.Deadline != 1_790_003_600 || permit.Spender != CanonicalPermit2Collector || permit.Permitted.Amount != deposit.Amount ||
		permit.Nonce.BitLen() < 200 {
		t.Errorf("read as %+v", permit)
	}
	depositNonces(t)
}

// depositNonces holds the salts of the golden deposits against the nonces that were signed.
func depositNonces(t *testing.T) {
	t.Helper()
	data, err := os.ReadFile("../vouchers/testdata/x402-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		ChannelID vouchers.ChannelID
		Deposit   struct{ Salt, Nonce common.Hash }
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if nonce := crypto.Keccak256Hash(v.ChannelID[:], v.Deposit.Salt[:]); nonce != v.Deposit.Nonce {
			t.Errorf("vector %d: nonce %s, want %s", i, nonce, v.Deposit.Nonce)
		}
	}
}

func TestStockReceiptsAreReadInFull(t *testing.T) {
	for name, want := range map[string]struct {
		amount, charged vouchers.Amount
		transaction     bool
	}{
		"settlement-deposit": {10_000, 1000, true}, "settlement-voucher": {0, 1000, false}, "settlement-refund": {1500, 0, true},
	} {
		r, err := DecodeSettlementResponse(golden(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !r.Success || amountOf(r.Amount) != want.amount || amountOf(r.Extra.ChargedAmount) != want.charged || (r.Transaction != "") != want.transaction ||
			r.Payer == (common.Address{}) || r.Extra.ChannelState.ChannelID == (vouchers.ChannelID{}) {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
	failure, err := DecodeSettlementResponse(golden(t, "settlement-failure"))
	if err != nil || failure.Success || failure.ErrorReason != ErrChannelBusy || failure.ErrorMessage == "" {
		t.Errorf("%v, read as %+v", err, failure)
	}
}

func amountOf(a *vouchers.Amount) vouchers.Amount {
	if a == nil {
		return 0
	}
	return *a
}
