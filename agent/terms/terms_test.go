package terms

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chitpay/chit/x402"
)

func TestAnEntryIsAcceptedToTheLetterButForTheState(t *testing.T) {
	const offered = `{"scheme":"batch-settlement","network":"eip155:84532","amount":"1000","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e",` +
		`"payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":300,"more":{"B":1.0,"a":[]},` +
		`"extra":{"name":"USD Coin","version":"2","withdrawDelay":900,"receiverAuthorizer":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","odd":"\u0041"STATE}}`
	const state = `,"channelState":{"channelId":"0x105528f849f750512b35bc0f1cdf57016e517a71bbea2728461b588217bb2fcb","balance":"5","totalClaimed":"0",` +
		`"withdrawRequestedAt":0,"refundNonce":"0","chargedCumulativeAmount":"3"},"voucherState":{"signedMaxClaimable":"3"}`
	var entry x402.Requirements
	if err := json.Unmarshal([]byte(strings.Replace(offered, "STATE", state, 1)), &entry); err != nil {
		t.Fatal(err)
	}
	accepted, err := withoutState(entry)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(accepted)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := normal(t, raw), normal(t, []byte(strings.Replace(offered, "STATE", "", 1))); got != want {
		t.Errorf("accepted\n%s\nof\n%s", got, want)
	}
	if entry.Extra.ChannelState == nil || accepted.Extra.ChannelState != nil || accepted.Amount != entry.Amount || accepted.PayTo != entry.PayTo {
		t.Errorf("the entry became %+v", accepted)
	}
}

// normal is JSON with its members in order.
func normal(t testing.TB, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}
