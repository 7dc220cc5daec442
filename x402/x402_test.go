package x402

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

func TestNetworksAreCAIP2NamesOfEVMChains(t *testing.T) {
	for _, id := range []uint64{1, 8453, 1<<64 - 1} {
		if got, err := ParseNetwork(Network(id)); err != nil || got != id {
			t.Errorf("%s: %d, %v", Network(id), got, err)
		}
	}
	for _, name := range []string{"", "8453", "eip155:", "eip155:0", "eip155:01", "eip155:-1", "eip155:+1", "eip155:1 ", "eip155:18446744073709551616", "EIP155:1", "solana:1"} {
		if id, err := ParseNetwork(name); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%q: %d, %v", name, id, err)
		}
	}
}

func TestARefusalCarriesTheCodeAndAReason(t *testing.T) {
	resource := Resource{URL: "mcp://tool/search"}
	offer := offer()
	for detail, want := range map[string]string{"": ErrChannelBusy.Message(), "two calls at once": "two calls at once"} {
		refusal := Refuse(resource, []Requirements{offer}, ErrChannelBusy, detail)
		data, err := json.Marshal(refusal)
		if err != nil {
			t.Fatal(err)
		}
		read, err := DecodePaymentRequired(data)
		if err != nil {
			t.Fatal(err)
		}
		if read.Error != ErrChannelBusy || read.ErrorMessage != want || read.Resource.URL != resource.URL || len(read.Accepts) != 1 {
			t.Errorf("read as %+v", read)
		}
	}
}

func offer() Requirements {
	return Requirements{
		Scheme: SchemeBatchSettlement, Network: Network(8453), Amount: 1000, Asset: common.Address{1}, PayTo: common.Address{2}, MaxTimeoutSeconds: 60,
		Extra: Extra{ReceiverAuthorizer: common.Address{3}, WithdrawDelay: 900, Name: "USDC", Version: "2"},
	}
}

func TestOptionalMembersThatAreNotSetAreAbsent(t *testing.T) {
	data, err := json.Marshal(Refuse(Resource{URL: "mcp://tool/search"}, []Requirements{offer()}, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"x402Version":2,"resource":{"url":"mcp://tool/search"},"accepts":[{"scheme":"batch-settlement","network":"eip155:8453","amount":"1000",` +
		`"asset":"0x0100000000000000000000000000000000000000","payTo":"0x0200000000000000000000000000000000000000","maxTimeoutSeconds":60,` +
		`"extra":{"receiverAuthorizer":"0x0300000000000000000000000000000000000000","withdrawDelay":900,"name":"USDC","version":"2"}}]}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	data, err = json.Marshal(SettlementResponse{Success: true, Network: Network(1)})
	if want := `{"success":true,"transaction":"","network":"eip155:1"}`; err != nil || string(data) != want {
		t.Errorf("got  %s, %v\nwant %s", data, err, want)
	}
}

func TestAnOfferComesBackAsTheSellerSpelledIt(t *testing.T) {
	for why, spelled := range map[string]string{
		"lower-case addresses": `{"extra":{"version":"2","name":"USDC","receiverAuthorizer":"0x25ab8f70f190f1a3d6bff030959044d8f5530ec4","withdrawDelay":900},"payTo":"0xe77fffb9e3097b84ff8a60e662ae1a54f9217290","asset":"0x036cbd53842c5426634e7929541ec2318f3dcf7e","maxTimeoutSeconds":60,"amount":"5","network":"eip155:1","scheme":"batch-settlement"}`,
		"nulls and unknowns":   `{"scheme":"batch-settlement","network":"eip155:1","amount":"5","asset":"0x036cbd53842c5426634e7929541ec2318f3dcf7e","payTo":"0xe77fffb9e3097b84ff8a60e662ae1a54f9217290","maxTimeoutSeconds":60,"outputSchema":null,"extra":{"receiverAuthorizer":"0x25ab8f70f190f1a3d6bff030959044d8f5530ec4","withdrawDelay":900,"name":"USDC","version":"2","minDeposit":null,"more":[1.50]}}`,
		"another scheme":       `{"scheme":"exact","network":"solana:mainnet","amount":"1e9","asset":7,"extra":null}`,
	} {
		var entry Requirements
		if err := json.Unmarshal([]byte(spelled), &entry); err != nil {
			t.Errorf("%s: %v", why, err)
			continue
		}
		copied := entry
		if data, err := json.Marshal(copied); err != nil || string(data) != spelled {
			t.Errorf("%s: %v\n%s\nwant\n%s", why, err, data, spelled)
		}
	}
}

func TestAChangedOfferIsWrittenFromItsFields(t *testing.T) {
	required, err := DecodePaymentRequired(golden(t, "payment-required"))
	if err != nil {
		t.Fatal(err)
	}
	changed := required.Accepts[0]
	changed.Amount = 7
	data, err := json.Marshal(changed)
	if err != nil || !strings.Contains(string(data), `"amount":"7"`) {
		t.Errorf("%s, %v", data, err)
	}
	foreign := required.Accepts[1]
	if foreign.Supported() || foreign.Scheme != "exact" || foreign.Amount != 0 {
		t.Errorf("read as %+v", foreign)
	}
	foreign.Network = Network(1)
	if _, err := json.Marshal(foreign); !errors.Is(err, ErrUnsupported) {
		t.Errorf("an entry of another scheme was changed: %v", err)
	}
}

func TestUnknownMembersAreKept(t *testing.T) {
	for name, paths := range map[string][]string{
		"payment-required":            {"new", "resource.new"},
		"payment-required-corrective": {"accepts.0.new", "accepts.0.extra.new", "accepts.0.extra.channelState.new", "accepts.0.extra.voucherState.new"},
		"payment-deposit-eip3009": {"new", "accepted.new", "payload.new", "payload.voucher.new", "payload.deposit.new", "payload.deposit.authorization.new",
			"payload.deposit.authorization.erc3009Authorization.new", "extensions.new"},
		"payment-deposit-permit2": {"payload.deposit.authorization.permit2Authorization.new", "payload.deposit.authorization.permit2Authorization.permitted.new",
			"payload.deposit.authorization.permit2Authorization.witness.new"},
		"payment-voucher":    {"payload.new"},
		"payment-refund":     {"payload.new"},
		"settlement-voucher": {"new", "extra.new", "extra.channelState.new"},
	} {
		for _, path := range paths {
			t.Run(name+" "+path, func(t *testing.T) {
				data := edit(t, name, path, map[string]any{"a": []any{1.5, nil, "two"}})
				switch {
				case strings.HasPrefix(name, "payment-required"):
					roundTrip[PaymentRequired](t, data)
				case strings.HasPrefix(name, "payment-"):
					roundTrip[PaymentPayload](t, data)
				default:
					roundTrip[SettlementResponse](t, data)
				}
			})
		}
	}
}

func TestAPartOfAChannelStateStaysAPart(t *testing.T) {
	data := edit(t, "settlement-deposit", "extra.channelState", map[string]any{"chargedCumulativeAmount": "1000"})
	roundTrip[SettlementResponse](t, data)
	response, err := DecodeSettlementResponse(data)
	if err != nil {
		t.Fatal(err)
	}
	state := response.Extra.ChannelState
	if !state.Partial() || *state.ChargedCumulativeAmount != 1000 || state.Balance != 0 {
		t.Errorf("read as %+v", state)
	}
	state.Balance = 5
	if data, err := json.Marshal(response); err != nil || !strings.Contains(string(data), `"channelState":{"balance":"5","chargedCumulativeAmount":"1000"}`) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestValuesThatCannotBeWrittenAreRefused(t *testing.T) {
	payment, err := DecodePaymentPayload(golden(t, "payment-deposit-eip3009"))
	if err != nil {
		t.Fatal(err)
	}
	authorization := &payment.Payload.(*DepositPayload).Deposit.Authorization
	for _, salt := range []*big.Int{nil, big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 256)} {
		authorization.Erc3009.Salt = salt
		if _, err := json.Marshal(payment); !errors.Is(err, ErrMalformed) {
			t.Errorf("salt %v: %v", salt, err)
		}
	}
	*authorization = Authorization{Permit2: &Permit2Authorization{Nonce: big.NewInt(-1)}}
	if _, err := json.Marshal(payment); !errors.Is(err, ErrMalformed) {
		t.Errorf("a negative nonce: %v", err)
	}
	if _, err := json.Marshal(Refuse(Resource{Unknown: jsontext.Value(`{"url":"twice"}`)}, nil, "", "")); err == nil {
		t.Error("an unknown member of a known name was written")
	}
}

var declaredCode = regexp.MustCompile(`ErrorCode = "([a-z0-9_]+)"`)

func TestEveryCodeHasAMessage(t *testing.T) {
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := declaredCode.FindAllStringSubmatch(string(source), -1)
	family := 0
	for _, match := range codes {
		code := ErrorCode(match[1])
		if message := code.Message(); message == string(code) || !strings.HasSuffix(message, ".") {
			t.Errorf("%s says %q", code, message)
		}
		if strings.HasPrefix(string(code), "invalid_batch_settlement_evm_") {
			family++
		}
	}
	if len(codes) != len(messages) || family != 55 {
		t.Errorf("%d codes, %d of the scheme, %d messages", len(codes), family, len(messages))
	}
	if got := ErrorCode("of_another_server").Message(); got != "of_another_server" {
		t.Errorf("an unknown code says %q", got)
	}
}

func TestWithdrawDelaysAreThoseOfTheEscrow(t *testing.T) {
	if MinWithdrawDelay != vouchers.MinWithdrawDelay || MaxWithdrawDelay != vouchers.MaxWithdrawDelay {
		t.Error("the withdraw delays differ from those of package vouchers")
	}
}
