package agent_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// stall is a web server whose pages below /paid cost 0.001 USDC.
func stall(t testing.TB) (*shoptest.Shop, string) {
	t.Helper()
	shop := shoptest.Open(t, selling(t, "0.001"))
	pages := http.NewServeMux()
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Query().Has("fail") {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("X-Mine"), body)
	}
	pages.HandleFunc("/free", echo)
	pages.Handle("/paid", shop.SellHTTP(server.HTTPOffer{Name: "paid", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(echo)))
	pages.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://thief.invalid/paid", http.StatusTemporaryRedirect)
	})
	web := httptest.NewServer(pages)
	t.Cleanup(web.Close)
	return shop, web.URL
}

func visit(t testing.TB, url string, o agent.Options) *agent.HTTPClient {
	t.Helper()
	client, err := agent.NewHTTPClient(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestAPaidPageIsReadDepositingWithTheFirstRequest(t *testing.T) {
	shop, url := stall(t)
	o := options(t)
	o.TopUp.Amount = usdc
	client := visit(t, url+"/paid", o)
	request := agent.HTTPRequest{Method: http.MethodPost, URL: url + "/paid?page=2", Header: http.Header{"X-Mine": {"yes"}}, Body: []byte("question")}
	for i := range 3 {
		response, receipt, err := client.Do(t.Context(), request)
		if err != nil || response.Status != http.StatusOK || string(response.Body) != "POST yes question" || receipt.Charged != price || receipt.Cumulative != vouchers.Amount(i+1)*price {
			t.Fatalf("answered %+v, %+v, %v", response, receipt, err)
		}
	}
	holds(t, shop, usdc, 3*price)
	if response, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: url + "/free"}); err != nil || string(response.Body) != "GET  " || receipt.Paid {
		t.Errorf("a free page: %+v, %+v, %v", response, receipt, err)
	}
	if response, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: url + "/paid?fail"}); err != nil || response.Status != http.StatusTeapot || receipt.Paid {
		t.Errorf("a page that fails: %+v, %+v, %v", response, receipt, err)
	}
	o.Book = ""
	lost := visit(t, url, o)
	if entry, err := lost.Recover(t.Context(), request); err != nil || entry.Charged != 3*price || entry.Server != url {
		t.Errorf("recovered %+v, %v", entry, err)
	}
	back, err := lost.Refund(t.Context(), request, 0)
	if err != nil || back.Amount != usdc-3*price {
		t.Errorf("refunded %+v, %v", back, err)
	}
}

func TestManyPagesAreBoughtAtOnce(t *testing.T) {
	shop, url := stall(t)
	o := options(t)
	o.TopUp.Amount = usdc
	client := visit(t, url, o)
	const readers, pages = 16, 5
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for range pages {
				if _, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: url + "/paid"}); err != nil || receipt.Charged != price {
					t.Errorf("the page: %+v, %v", receipt, err)
				}
			}
		})
	}
	all.Wait()
	holds(t, shop, usdc, readers*pages*price)
}

func TestAPageIsPaidWithinTheBudgetOfItsURLAndServer(t *testing.T) {
	_, url := stall(t)
	o := options(t)
	o.TopUp.Amount = usdc
	o.Policy.Tools = []agent.ToolLimit{{Pattern: url + "/pa*", Total: price}}
	client := visit(t, url, o)
	if _, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: url + "/paid?a"}); err != nil {
		t.Fatal(err)
	}
	var refused *agent.PolicyError
	if _, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: url + "/paid?b"}); !errors.As(err, &refused) || refused.Code != agent.CodeBudgetExhausted || refused.Server != url {
		t.Errorf("a page beyond the budget: %v", err)
	}
}

func TestAPaymentGoesNowhereButToTheServerThatWasNamed(t *testing.T) {
	_, url := stall(t)
	o := options(t)
	client := visit(t, url, o)
	for _, target := range []string{"http://thief.invalid/paid", strings.Replace(url, "http:", "https:", 1) + "/paid", url + "/elsewhere"} {
		if _, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: target}); !errors.Is(err, agent.ErrTerms) && !errors.Is(err, agent.ErrURL) {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, server := range []string{"", "ftp://example.com/x", "/paid", "http://", ":", "http://user:secret@example.com/", "http://example.com/a/../b", "http://example.com/a/%2e%2e/b", "http://ｅxample.com/"} {
		if client, err := agent.NewHTTPClient(t.Context(), server, o); !errors.Is(err, agent.ErrURL) {
			t.Errorf("a client of %q: %v, %v", server, client, err)
		}
	}
}

func TestAPageThatAsksForMoneyInAnUnknownWayIsNotPaid(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusPaymentRequired)
		fmt.Fprint(w, "send a cheque")
	}))
	t.Cleanup(web.Close)
	if _, _, err := visit(t, web.URL, options(t)).Do(t.Context(), agent.HTTPRequest{URL: web.URL}); !errors.Is(err, agent.ErrTerms) {
		t.Errorf("the page: %v", err)
	}
}
