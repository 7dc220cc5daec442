package agent_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
)

func TestAClientFetchesAnAnswerThatWasLostBeforeASettlementPublishedItsVoucher(t *testing.T) {
	for name, stock := range map[string]bool{"in full": true, "in short": false} {
		t.Run(name, func(t *testing.T) {
			shop := shoptest.Open(t, selling(t, "0.001"), work)
			var loses atomic.Bool
			m := between(t, shop.URL)
			m.meets = func(w http.ResponseWriter, r *http.Request, paid form) bool {
				if paid == unpaid || !loses.CompareAndSwap(true, false) {
					return false
				}
				m.through.ServeHTTP(httptest.NewRecorder(), r)
				if _, err := shop.SettleAs(r.Context(), settle.Request{Final: true}, nil); err != nil {
					t.Error(err)
				}
				panic(http.ErrAbortHandler)
			}
			o := options(t)
			o.Stock = stock
			client := funded(t, m.url, o)
			buy(t, client, 2, 0)
			loses.Store(true)
			buy(t, client, 1, 3*price)
			if loses.Load() {
				t.Error("no answer was lost")
			}
			buy(t, client, 1, 4*price)
			holds(t, shop, 10*usdc, 4*price)
		})
	}
}
