package words_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// What a server answers asks for something that can be paid in its words, or for nothing.
func FuzzAsked(f *testing.F) {
	f.Add("", `{"x402Version":1,"error":"no","accepts":[{"scheme":"exact","network":"base","maxAmountRequired":"1","resource":"r","payTo":"0x0000000000000000000000000000000000000002","maxTimeoutSeconds":1,"asset":"0x0000000000000000000000000000000000000001"}]}`)
	f.Add(`Payment id="a", realm="b", method="evm", intent="charge", request="e30"`, `{"type":"https://paymentauth.org/problems/payment-expired"}`)
	f.Add("", `{"httpStatus":402,"challenges":[{"id":"a","realm":"b","method":"evm","intent":"charge","request":{}}]}`)
	f.Fuzz(func(t *testing.T, challenges, body string) {
		head := http.Header{}
		head.Set(mpp.HeaderChallenge, challenges)
		of, err := words.OfResponse(head, []byte(body), nil)
		if (of == nil) == (err == nil) {
			t.Fatalf("it asks %+v, %v", of, err)
		}
		meta := map[string]json.RawMessage{mpp.MetaRequired: json.RawMessage(body)}
		for _, asked := range []*words.Asked{of, words.OfError(json.RawMessage(body)), words.OfResult(nil, body, meta)} {
			if asked == nil {
				continue
			}
			for i, way := range asked.Required.Accepts {
				if c := asked.Manner.Challenge(i); c != nil && way.Scheme != x402.SchemeExact {
					t.Errorf("challenge %+v asks %+v", c, way)
				}
			}
		}
	})
}
