package agent_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// form is how a request is paid.
type form string

const (
	unpaid  form = "not"
	inFull  form = "in full"
	inShort form = "in short"
)

// middle is between a client and a shop, and notes how calls are paid.
type middle struct {
	url     string
	through *httputil.ReverseProxy
	// meets is told of each request, and says whether it has answered it; nil answers none.
	meets func(w http.ResponseWriter, r *http.Request, paid form) bool

	mu   sync.Mutex // guards what follows
	seen []form     // of payments
}

// between stands before a server, whose path it keeps.
func between(t testing.TB, server string) *middle {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	path := target.Path
	target.Path = ""
	m := &middle{through: httputil.NewSingleHostReverseProxy(target)}
	front := httptest.NewServer(m)
	t.Cleanup(front.Close)
	m.url = front.URL + path
	return m
}

func (m *middle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	paid := unpaid
	switch {
	case bytes.Contains(body, []byte(short.MetaPay)) || r.Header.Get(short.HeaderPay) != "":
		paid = inShort
	case bytes.Contains(body, []byte(x402.MetaPayment)) || r.Header.Get(x402.HeaderPaymentSignature) != "":
		paid = inFull
	}
	if paid != unpaid && !bytes.Contains(body, []byte("chit_deposit")) {
		m.mu.Lock()
		m.seen = append(m.seen, paid)
		m.mu.Unlock()
	}
	if m.meets == nil || !m.meets(w, r, paid) {
		m.through.ServeHTTP(w, r)
	}
}

// sees fails the test unless calls were paid so, since it was asked last.
func (m *middle) sees(t testing.TB, want ...form) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(m.seen, want) {
		t.Errorf("calls were paid %q, want %q", m.seen, want)
	}
	m.seen = nil
}

func TestAPayerIsShortWithAShopThatKnowsItsChannel(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	m, o := between(t, shop.URL), options(t)
	client := funded(t, m.url, o)
	buy(t, client, 3, 0)
	m.sees(t, inFull, inShort, inShort)
	spent, err := client.Spent()
	if err != nil || spent.Total != 3*price || spent.AtRisk != 0 {
		t.Errorf("spent is %+v, %v", spent, err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	next := dial(t, m.url, o)
	_, receipt, err := next.CallTool(t.Context(), "work", nil)
	if err != nil || receipt.Charged != price || receipt.Cumulative != 4*price || receipt.Signed == nil || receipt.Signed.Cumulative != 4*price {
		t.Errorf("the receipt is %+v, %v", receipt, err)
	}
	m.sees(t, inShort) // its book says that the shop knows the channel
	holds(t, shop, 10*usdc, 4*price)
}

func TestAPayerThatMayNotBeShortIsNot(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	m, o := between(t, shop.URL), options(t)
	o.Stock = true
	buy(t, funded(t, m.url, o), 2, 0)
	m.sees(t, inFull, inFull)
}

func TestAPageIsPaidInShort(t *testing.T) {
	shop, url := stall(t)
	m, o := between(t, url), options(t)
	o.TopUp.Amount = usdc
	client := visit(t, m.url, o)
	for range 2 {
		if response, receipt, err := client.Do(t.Context(), agent.HTTPRequest{Method: http.MethodPost, URL: m.url + "/paid", Body: []byte("a")}); err != nil || string(response.Body) != "POST  a" || receipt.Charged != price || receipt.Signed == nil {
			t.Errorf("answered %+v, %+v, %v", response, receipt, err)
		}
	}
	if response, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: m.url + "/paid?fail"}); err != nil || response.Status != http.StatusTeapot || receipt.Paid {
		t.Errorf("a page that fails: %+v, %+v, %v", response, receipt, err)
	}
	m.sees(t, inFull, inShort, inShort)
	holds(t, shop, usdc, 2*price)
	if spent, err := client.Spent(); err != nil || spent.Total != 2*price {
		t.Errorf("spent is %+v, %v", spent, err)
	}
}

func TestTheProxyPaysInShort(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	m, o := between(t, shop.URL), options(t)
	if err := funded(t, m.url, o).Close(); err != nil {
		t.Fatal(err)
	}
	b := through(t, m.url, o)
	for range 2 {
		if result := b.call(t, "work", nil); result.IsError || text(t, result) != "done" {
			t.Errorf("the call gave %+v", result)
		}
	}
	m.sees(t, inFull, inShort)
	holds(t, shop, 10*usdc, 2*price)
}

// What a short payment is refused with makes its payer say the same payment in full, once, and
// be brief no more.
func TestAPayerThatIsTooShortPaysTheSameInFull(t *testing.T) {
	strip := func(t testing.TB, m *middle) {
		m.meets = func(_ http.ResponseWriter, r *http.Request, paid form) bool {
			r.Header.Del(short.HeaderPay)
			if body, err := io.ReadAll(r.Body); err == nil {
				body = bytes.ReplaceAll(body, []byte(short.MetaPay), []byte("else/pay"))
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			return false
		}
	}
	forget := func(t testing.TB, m *middle) {
		other := selling(t, "0.001") // the same key, and a store that knows nothing
		target, err := url.Parse(shoptest.Open(t, other, work).URL)
		if err != nil {
			t.Fatal(err)
		}
		target.Path = ""
		m.through = httputil.NewSingleHostReverseProxy(target)
	}
	for name, breaks := range map[string]func(testing.TB, *middle){
		"the payment is stripped on its way":   strip,
		"the server does not know the channel": forget,
	} {
		t.Run(name, func(t *testing.T) {
			shop := shoptest.Open(t, selling(t, "0.001"), work)
			m := between(t, shop.URL)
			client := funded(t, m.url, options(t))
			buy(t, client, 2, 0)
			m.sees(t, inFull, inShort)
			breaks(t, m)
			if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
				t.Errorf("the call: %+v, %v", receipt, err)
			}
			buy(t, client, 1, 4*price)
			m.sees(t, inShort, inFull, inFull)
			if spent, err := client.Spent(); err != nil || spent.Total != 4*price || spent.AtRisk > 0 {
				t.Errorf("spent is %+v, %v", spent, err)
			}
		})
	}
}

// A liar that answers in the short form is found out as one that answers in full.
func TestWhatAShortAnswerSaysIsHeldAgainstTheAccount(t *testing.T) {
	for name, c := range map[string]struct {
		told string
		want string
	}{
		"more than the price":      {short.Paid{Charged: 2 * price, Count: 3 * price}.Encode(), "was charged"},
		"more than can be":         {short.Paid{Charged: price, Count: 50 * price}.Encode(), "in total"},
		"nothing that can be read": {"AQ", "no receipt"},
	} {
		t.Run(name, func(t *testing.T) {
			shop := shoptest.Open(t, selling(t, "0.001"), work)
			m := between(t, shop.URL)
			client := funded(t, m.url, options(t))
			buy(t, client, 1, price)
			m.through.ModifyResponse = func(r *http.Response) error {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return err
				}
				honest := short.Paid{Charged: price, Count: 2 * price, Balance: 10 * usdc}.Encode()
				body = []byte(strings.ReplaceAll(string(body), honest, c.told))
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				r.Header.Set("Content-Length", vouchers.Amount(len(body)).Atomic())
				return nil
			}
			_, _, err := client.CallTool(t.Context(), "work", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the call ends with %v, want %q", err, c.want)
			}
		})
	}
}
