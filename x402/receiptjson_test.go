package x402

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
)

// Receipts are written without reflection exactly as with it.
func TestReceiptsAreWrittenAsDocumentsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := someReceipt(t)
		want, err := json.Marshal(d, encoding)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.AppendJSON([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != "before"+string(want) {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}

// someReceipt is what a seller may answer: mostly the receipt of a call, and what else there is.
func someReceipt(t *rapid.T) SettlementResponse {
	rarely := func(label string) bool { return rapid.IntRange(0, 9).Draw(t, label) == 0 }
	amount := func(label string) *vouchers.Amount {
		if rarely(label + " absent") {
			return nil
		}
		a := vouchers.Amount(rapid.Uint64().Draw(t, label))
		return &a
	}
	d := SettlementResponse{Success: rapid.Bool().Draw(t, "success"), Network: "eip155:8453", Payer: common.Address(bytesOf(t, "payer", 20))}
	if rarely("other words") {
		d.Network, d.Transaction = rapid.String().Draw(t, "network"), rapid.String().Draw(t, "transaction")
	}
	if rarely("nobody") {
		d.Payer = common.Address{}
	}
	if rarely("error") {
		d.ErrorReason, d.ErrorMessage = ErrChannelBusy, rapid.String().Draw(t, "message")
	}
	if rarely("settled") {
		d.Amount = amount("amount")
		d.emptyAmount = d.Amount == nil
	}
	if rarely("unknown") {
		d.Unknown = jsontext.Value(`{"more":1}`)
	}
	if rarely("extended") {
		d.Extensions = Extensions{"some": jsontext.Value(`{"a":"<b>"}`)}
	}
	d.Extra.ChargedAmount = amount("charged")
	if rarely("voucher") {
		d.Extra.VoucherState = &VoucherState{SignedMaxClaimable: amount("ceiling")}
	}
	if rarely("no state") {
		return d
	}
	d.Extra.ChannelState = &ChannelState{
		ChannelID: vouchers.ChannelID(bytesOf(t, "id", 32)), Balance: vouchers.Amount(rapid.Uint64().Draw(t, "balance")), TotalClaimed: vouchers.Amount(rapid.Uint64().Draw(t, "claimed")),
		WithdrawRequestedAt: rapid.Uint64().Draw(t, "asked"), RefundNonce: rapid.Uint64().Draw(t, "nonce"), ChargedCumulativeAmount: amount("cumulative"),
	}
	if rarely("partial") {
		d.Extra.ChannelState.absent = uint8(rapid.IntRange(0, 31).Draw(t, "absent"))
	}
	return d
}

func bytesOf(t *rapid.T, label string, n int) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
}

func BenchmarkEncodeReceiptOfCall(b *testing.B) {
	charged := vouchers.Amount(1000)
	d := SettlementResponse{Success: true, Network: "eip155:8453", Payer: common.HexToAddress("0x00aabbccddeeff00112233445566778899aabbcc"), Extra: SettlementExtra{
		ChargedAmount: &charged, ChannelState: &ChannelState{Balance: 1e9, ChargedCumulativeAmount: &charged},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.MarshalJSON(); err != nil {
			b.Fatal(err)
		}
	}
}
