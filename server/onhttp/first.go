package onhttp

import (
	"net/http"
	"strings"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/v1"
)

// speaksFirst says whether the request pays in the words of x402's first version.
func (on *onHTTP) speaksFirst() bool { return len(on.r.Header.Values(v1.HeaderPayment)) > 0 }

// below is what an answer says below its headers, where wallets of the first version look for the
// terms: those that it has, for who may be such a wallet, and else what the header says.
func (on *onHTTP) below(status int, required *x402.PaymentRequired) any {
	if status != http.StatusPaymentRequired || on.bringsPayment() && !on.speaksFirst() {
		return required
	}
	first, there := envelope.FirstTerms(required)
	if !there {
		return required
	}
	for i := range first.Accepts {
		first.Accepts[i].Resource = on.absolute(first.Accepts[i].Resource)
	}
	return first
}

// absolute is a URL for a wallet that takes no other, below the host that it has called itself.
func (on *onHTTP) absolute(resource string) string {
	if !strings.HasPrefix(resource, "/") {
		return resource
	}
	scheme := "http://"
	if on.r.TLS != nil {
		scheme = "https://"
	}
	return scheme + on.r.Host + resource
}

// noteFirst tells a wallet of the first version what its payment has come to.
func noteFirst(to http.Header, response *x402.SettlementResponse) error {
	receipt, there := envelope.FirstReceipt(response)
	if !there {
		return nil
	}
	header, err := v1.EncodeHeader(receipt)
	if err == nil {
		to.Set(v1.HeaderResponse, header)
	}
	return err
}
