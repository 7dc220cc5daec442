package onhttp

import (
	"net/http"
)

// HeaderReceipt has the receipt of a charge, as [receipts.Signed.Wire] writes it.
const HeaderReceipt = "Chit-Receipt"

// HeaderWithheld is in the place of an answer whose charge is not known to be durable: the same
// payment of x402, sent again, is charged once at most.
const HeaderWithheld = "Chit-Withheld"

// headers are those that a charge adds to an HTTP answer.
type headers http.Header

func (h headers) Into(answer *heldAnswer) {
	for name, values := range h {
		answer.Head[name] = values
	}
}
