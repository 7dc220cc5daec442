package foreign

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/chitpay/chit/x402"
)

// ourHeaders are those of the protocols of payment, beside all that begin with Chit-.
var ourHeaders = map[string]bool{
	http.CanonicalHeaderKey(x402.HeaderPaymentRequired): true, http.CanonicalHeaderKey(x402.HeaderPaymentResponse): true,
	http.CanonicalHeaderKey(x402.HeaderPaymentSignature): true,
	"X-Payment": true, "X-Payment-Response": true, "Payment-Receipt": true,
}

// paymentChallenge is a challenge to pay among those of a WWW-Authenticate.
var paymentChallenge = regexp.MustCompile(`(?i)(^|,)\s*payment(\s|,|$)`)

// DisownHeaders deletes from a request or an answer of somebody else's the headers that
// belong to the protocols of payment.
func DisownHeaders(h http.Header) {
	for name := range h {
		plain := http.CanonicalHeaderKey(strings.TrimPrefix(name, http.TrailerPrefix))
		if ourHeaders[plain] || strings.HasPrefix(plain, "Chit-") {
			delete(h, name)
		}
	}
	if challenges, there := h["Www-Authenticate"]; there {
		h["Www-Authenticate"] = nil
		for _, challenge := range challenges {
			if !paymentChallenge.MatchString(challenge) {
				h.Add("WWW-Authenticate", challenge)
			}
		}
		if len(h["Www-Authenticate"]) == 0 {
			h.Del("WWW-Authenticate")
		}
	}
}
