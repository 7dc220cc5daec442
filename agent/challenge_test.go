package agent_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/mpp"
)

// The nonce of a payment by MPP is the hash of what its seller calls the challenge, so that a seller
// chooses it. Of two transfers of one nonce the chain makes whichever it is given first.
func TestASellerWhoAsksTwiceByOneChallengeIsPaidOnce(t *testing.T) {
	o := wallet(t)
	amount, paid := vouchers.Amount(price), new(atomic.Int64)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(mpp.HeaderCredential) != "" {
			paid.Add(1)
		}
		asked, err := mpp.NewChallenge("shop", mpp.Charge{
			Amount: amount, Currency: o.Token, Recipient: shoptest.Key(t, "receiver").Address(), ChainID: shoptest.Net.Client.ChainID(),
		}, time.Now().Add(time.Minute))
		if err != nil {
			t.Error(err)
			return
		}
		asked.ID = "the same"
		w.Header().Set(mpp.HeaderChallenge, asked.WWWAuthenticate())
		w.WriteHeader(http.StatusPaymentRequired)
	}))
	t.Cleanup(web.Close)
	client := visit(t, web.URL, o)
	var refused *agent.RefusedError
	if _, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: web.URL + "/page"}); !errors.As(err, &refused) || receipt.InDoubt != price {
		t.Fatalf("the first payment gave %+v, %v", receipt, err)
	}
	amount *= 9
	if _, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: web.URL + "/other"}); !errors.Is(err, agent.ErrTerms) {
		t.Errorf("the second gave %v, want %v", err, agent.ErrTerms)
	}
	if n := paid.Load(); n != 1 {
		t.Errorf("%d payments were sent", n)
	}
	if spent := budgetOf(t, o); spent.InDoubt != price {
		t.Errorf("the book has %+v, want %s in doubt", spent, price)
	}
}
