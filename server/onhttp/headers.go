package onhttp

import (
	"net/http"
)

// HeaderReceipt has the receipt of a charge, as [receipts.Signed.Wire] writes it.
const HeaderReceipt = "Chit-Receipt"

// headers are those that a charge adds to an HTTP answer.
type headers http.Header

func (h headers) Into(answer *heldAnswer) {
	for name, values := range h {
		answer.Head[name] = values
	}
}
