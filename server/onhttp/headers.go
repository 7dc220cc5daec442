package onhttp

import (
	"net/http"

	"github.com/chitpay/chit/vouchers/receipts"
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

// addReceipt adds the receipt of a charge, if it has one.
func (h headers) addReceipt(r *receipts.Signed) error {
	if r == nil {
		return nil
	}
	value, err := r.Wire()
	http.Header(h).Set(HeaderReceipt, value)
	return err
}
