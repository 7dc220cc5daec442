package facilitator

import (
	"net/http"

	"github.com/chitpay/chit/x402"
)

// verify answers POST /verify.
func (f *Facilitator) verify(w http.ResponseWriter, r *http.Request, _ Caller) *answer {
	asked, _, refused := f.taken(w, r, f.invalid)
	if refused != nil {
		return refused
	}
	ctx, cancel := f.within(r.Context())
	defer cancel()
	p, no := f.placeOf(asked)
	var extra any
	switch {
	case no != nil:
	case asked.terms.Scheme == x402.SchemeBatchSettlement:
		extra, no = p.verifyChannel(ctx, asked)
	default:
		no = p.verifyTransfer(ctx, asked)
	}
	if no != nil {
		return f.invalid(asked, http.StatusOK, no)
	}
	return f.about(asked, http.StatusOK, verification{IsValid: true, Payer: asked.payer(), Extra: extra})
}
