package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/vouchers"
)

// paying is an http.Client that pays by the options.
func paying(t testing.TB, o agent.Options) *http.Client {
	t.Helper()
	transport := agent.NewTransport(o, nil)
	t.Cleanup(func() {
		if err := transport.Close(); err != nil {
			t.Error(err)
		}
	})
	return &http.Client{Transport: transport}
}

// read is the text of an answer.
func read(t testing.TB, r *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestAnHTTPClientPays(t *testing.T) {
	shop, url := stall(t)
	o := options(t)
	o.TopUp.Amount = usdc
	client := paying(t, o)
	if r, err := client.Get(url + "/free"); read(t, r, err) != "GET  " || r.StatusCode != http.StatusOK {
		t.Errorf("a page that costs nothing: %+v", r)
	}
	for n := range vouchers.Amount(3) {
		r, err := client.Post(url+"/paid?page=2", "text/plain", strings.NewReader("question"))
		if text := read(t, r, err); text != "POST  question" || r.StatusCode != http.StatusOK || r.ContentLength != int64(len(text)) {
			t.Errorf("a page that is paid for: %q of %+v", text, r)
		}
		if receipt, ok := agent.ReceiptOf(r); !ok || receipt.Charged != price || receipt.Cumulative != (n+1)*price {
			t.Errorf("its receipt is %+v, %v", receipt, ok)
		}
	}
	r, err := client.Get(url + "/paid?fail")
	if _, paid := agent.ReceiptOf(r); read(t, r, err) != "GET  " || r.StatusCode != http.StatusTeapot || paid {
		t.Errorf("a page that fails: %+v", r)
	}
	holds(t, shop, usdc, 3*price)
}

func TestAnHTTPClientPaysWithinOnePolicyForAllServers(t *testing.T) {
	_, first := stall(t)
	_, second := stall(t)
	o := options(t)
	o.TopUp.Amount, o.Policy.Total = usdc, 2*price
	client := paying(t, o)
	for _, url := range []string{first, second} {
		r, err := client.Get(url + "/paid")
		read(t, r, err)
	}
	var refused *agent.PolicyError
	if _, err := client.Get(first + "/paid"); !errors.As(err, &refused) || refused.Code != agent.CodeBudgetExhausted {
		t.Errorf("a page beyond the budget: %v", err)
	}
	o.Limits.Servers = 1
	o.Policy.Total = 0
	client = paying(t, o)
	r, err := client.Get(first + "/paid")
	read(t, r, err)
	if _, err := client.Get(second + "/paid"); !errors.Is(err, agent.ErrLimit) {
		t.Errorf("one server too many: %v", err)
	}
	r, err = client.Get(second + "/free")
	read(t, r, err)
}

func TestWhatCostsNothingIsHadWhileTheChainIsAway(t *testing.T) {
	_, url := stall(t)
	o := options(t)
	o.RPC = "http://127.0.0.1:1"
	client := paying(t, o)
	if _, err := client.Get(url + "/paid"); err == nil {
		t.Error("a page was paid for without a chain")
	}
	if r, err := client.Get(url + "/free"); read(t, r, err) != "GET  " {
		t.Errorf("a page that costs nothing: %+v", r)
	}
}

func TestPagesAreBoughtAtOnceByAnHTTPClient(t *testing.T) {
	shop, url := stall(t)
	o := options(t)
	o.TopUp.Amount = usdc
	client := paying(t, o)
	const readers = 8
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			r, err := client.Get(url + "/paid")
			if receipt, _ := agent.ReceiptOf(r); read(t, r, err) != "GET  " || receipt.Charged != price {
				t.Errorf("a page came to %+v", receipt)
			}
		})
	}
	all.Wait()
	holds(t, shop, usdc, readers*price)
}

func TestARedirectIsPaidForByTheNameOfWhereItLeads(t *testing.T) {
	_, url := stall(t)
	sends := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, url+"/paid", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(sends.Close)
	o := options(t)
	o.TopUp.Amount = usdc
	r, err := paying(t, o).Get(sends.URL)
	if receipt, _ := agent.ReceiptOf(r); read(t, r, err) != "GET  " || receipt.Charged != price {
		t.Errorf("the page that it leads to came to %+v", receipt)
	}
	o.Policy.DenyServers = []string{url}
	if _, err := paying(t, o).Get(sends.URL); !errors.Is(err, agent.ErrPolicy) {
		t.Errorf("a page of a server that is denied: %v", err)
	}
}

func TestAnHTTPClientGivesBackWhatItCannotPayFor(t *testing.T) {
	long := strings.Repeat("pay by card ", 20_000)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusPaymentRequired)
		fmt.Fprint(w, long)
	}))
	t.Cleanup(web.Close)
	o := options(t)
	o.Limits.Answer = 1 << 10
	client := paying(t, o)
	r, err := client.Get(web.URL)
	if text := read(t, r, err); text != long || r.StatusCode != http.StatusPaymentRequired {
		t.Errorf("the answer has %d bytes and status %d", len(text), r.StatusCode)
	}
	if _, err := client.Post(web.URL, "text/plain", bytes.NewReader(make([]byte, 1<<10+1))); !errors.Is(err, agent.ErrLimit) {
		t.Errorf("a body that is too long to be kept: %v", err)
	}
}
