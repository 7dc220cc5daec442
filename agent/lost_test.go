package agent_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
)

func TestAClientFetchesAnAnswerThatWasLostBeforeASettlementPublishedItsVoucher(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	target, err := url.Parse(shop.URL)
	if err != nil {
		t.Fatal(err)
	}
	var loses atomic.Bool
	target.Path = ""
	through := httputil.NewSingleHostReverseProxy(target)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte("x402/payment")) || !loses.CompareAndSwap(true, false) {
			through.ServeHTTP(w, r)
			return
		}
		through.ServeHTTP(httptest.NewRecorder(), r)
		if _, err := shop.SettleAs(r.Context(), settle.Request{Final: true}, nil); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(between.Close)
	client := funded(t, between.URL+"/mcp", options(t))
	buy(t, client, 2, 0)
	loses.Store(true)
	buy(t, client, 1, 3*price)
	if loses.Load() {
		t.Error("no answer was lost")
	}
	buy(t, client, 1, 4*price)
	for ch := range shop.Ledger.Channels() {
		if ch.Charged != 4*price {
			t.Errorf("%s are charged", ch.Charged)
		}
	}
}
