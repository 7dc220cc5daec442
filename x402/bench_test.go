package x402

import (
	"encoding/json"
	"testing"
)

func BenchmarkDecodeVoucherPayload(b *testing.B) {
	data := golden(b, "payment-voucher")
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := DecodePaymentPayload(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeSettlementResponse(b *testing.B) {
	response, err := DecodeSettlementResponse(golden(b, "settlement-voucher"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(response); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeVoucherPayloadAgain(b *testing.B) {
	var d PaymentDecoder
	data := golden(b, "payment-voucher")
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := d.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
