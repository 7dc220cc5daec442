package facilitator

import (
	"testing"

	"github.com/chitpay/chit/x402"
)

// Whatever comes is read, or refused in a word of the standard; what is read fits a chain of x402,
// and is a payment or a server's work, and never both.
func FuzzReadRequest(f *testing.F) {
	const terms = `{"scheme":"exact","network":"eip155:8453","amount":"1","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","maxTimeoutSeconds":1,"extra":{"name":"USDC","version":"2"}}`
	const bare = `{"scheme":"batch-settlement","network":"eip155:8453","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","amount":"0","extra":{}}`
	for _, seed := range []string{
		`{"x402Version":2,"paymentPayload":{"x402Version":2,"accepted":` + terms + `,"payload":{"signature":"0x11","authorization":{"from":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","to":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","value":"1","validAfter":"0","validBefore":"9","nonce":"0x105528f849f750512b35bc0f1cdf57016e517a71bbea2728461b588217bb2fcb"}}},"paymentRequirements":` + terms + `}`,
		`{"x402Version":2,"paymentPayload":{"x402Version":2,"payload":{"type":"settle","receiver":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","token":"0x036CbD53842c5426634e7929541eC2318f3dCF7e"}},"paymentRequirements":` + bare + `}`,
		`{"x402Version":2,"paymentPayload":{"x402Version":2,"payload":{"type":"claim","claims":[{}]}},"paymentRequirements":` + bare + `}`,
		`{"paymentPayload":{"x402Version":1,"scheme":"exact","network":"base","payload":{}},"paymentRequirements":{"scheme":"exact","network":"base"}}`,
		`{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, refused := readRequest(body, Limits{}.WithDefaults())
		switch {
		case refused != nil && refused.Code == "":
			t.Error("refused without a word")
		case refused == nil && (r.payment == nil) == (r.work == nil):
			t.Errorf("payment %v, work %v", r.payment, r.work)
		case refused == nil:
			if _, err := x402.ParseNetwork(r.terms.Network); err != nil {
				t.Error(err)
			}
			_ = r.payer()
		}
	})
}
