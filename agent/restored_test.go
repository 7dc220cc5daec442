package agent_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/vouchers/receipts"
)

// reopenings notes what a client is told of books that were opened anew.
func reopenings(o *agent.Options) *[]agent.Reopened {
	told := new([]agent.Reopened)
	o.Reopened = func(r agent.Reopened) { *told = append(*told, r) }
	return told
}

// counter is a shop at one URL, whatever becomes of its store.
type counter struct {
	*shoptest.Shop
	t      testing.TB
	url    string
	at     atomic.Pointer[url.URL]
	backup bytes.Buffer
}

func newCounter(t testing.TB) *counter {
	c := &counter{t: t}
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(c.at.Load()) }})
	t.Cleanup(front.Close)
	c.url = front.URL + "/mcp"
	o := shoptest.Options(t)
	o.KeyFolder = t.TempDir()
	c.opens(o)
	return c
}

func (c *counter) opens(o server.Options) {
	c.t.Helper()
	c.Shop = shoptest.Open(c.t, o)
	at, err := url.Parse(strings.TrimSuffix(c.URL, "/mcp"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.at.Store(at)
}

func (c *counter) backsUp() {
	c.t.Helper()
	c.backup.Reset()
	if _, err := c.Backup(c.t.Context(), &c.backup); err != nil {
		c.t.Fatal(err)
	}
}

// restores puts the backup in the place of the store.
func (c *counter) restores() {
	c.t.Helper()
	c.Stop(c.t)
	if _, err := restore.From(bytes.NewReader(c.backup.Bytes()), c.Options.Store, nil); err != nil {
		c.t.Fatal(err)
	}
	c.opens(c.Options)
}

// charged is what the shop's only channel was charged by its books.
func (c *counter) charged() (sum vouchers.Amount) {
	for ch := range c.Ledger.Channels() {
		sum += ch.Charged
	}
	return sum
}

func hashes(t testing.TB, client *agent.Client, n int) {
	t.Helper()
	for range n {
		if _, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "abc"}); err != nil || receipt.Charged != hashPrice || receipt.Signed == nil {
			t.Fatalf("%+v, %v", receipt, err)
		}
	}
}

const hashPrice = vouchers.Amount(500)

func TestAShopThatWasRestoredKnowsAgainWhatItsPayerHasReceiptsOf(t *testing.T) {
	for name, bend := range map[string]func(*agent.Options){
		"in the short form": func(*agent.Options) {}, "in the stock form": func(o *agent.Options) { o.Stock = true }, "without a book": func(o *agent.Options) { o.Book = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c, o := newCounter(t), options(t)
			bend(&o)
			told, disputes := reopenings(&o), disputing(&o)
			client := funded(t, c.url, o)
			hashes(t, client, 2)
			c.backsUp()
			hashes(t, client, 3)
			c.restores()
			hashes(t, client, 2)
			if got := c.charged(); got != 7*hashPrice {
				t.Errorf("it knows of %s charged, want 7 calls", got)
			}
			if spent, err := client.Spent(); err != nil || spent.Total != 7*hashPrice || spent.Disputed != 0 || len(*disputes) != 0 {
				t.Errorf("the payer has spent %+v, %v; disputes %v", spent, err, *disputes)
			}
			if len(*told) != 1 || (*told)[0].Epoch != 1 || (*told)[0].Before != 5*hashPrice || (*told)[0].Proven != 5*hashPrice || !strings.Contains((*told)[0].String(), "agree") {
				t.Errorf("it is told %v", *told)
			}
			back, err := client.Refund(t.Context(), 0)
			if err != nil || back.Amount != 10*usdc-7*hashPrice {
				t.Errorf("refunded %+v, %v", back, err)
			}
		})
	}
}

func TestOfCallsInFlightARestoredShopChargesNothingThatWasNotAnswered(t *testing.T) {
	c, o := newCounter(t), options(t)
	told, disputes := reopenings(&o), disputing(&o)
	client := funded(t, c.url, o)
	hashes(t, client, 1)
	c.backsUp()
	hashes(t, client, 4)
	c.restores()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { hashes(t, client, 3) })
	}
	all.Wait()
	if got := c.charged(); got != 53*hashPrice {
		t.Errorf("it knows of %s charged, want 53 calls", got)
	}
	if spent, err := client.Spent(); err != nil || spent.Total != 53*hashPrice || spent.Disputed != 0 || len(*disputes) != 0 || len(*told) != 1 {
		t.Errorf("the payer has spent %+v, %v; disputes %v, told %v", spent, err, *disputes, *told)
	}
}

func TestARefundIsTheFirstThatARestoredShopIsAskedFor(t *testing.T) {
	c, o := newCounter(t), options(t)
	client := funded(t, c.url, o)
	hashes(t, client, 1)
	c.backsUp()
	hashes(t, client, 4)
	c.restores()
	if back, err := client.Refund(t.Context(), 0); err != nil || back.Amount != 10*usdc-5*hashPrice {
		t.Errorf("refunded %+v, %v", back, err)
	}
	if got := c.charged(); got != 5*hashPrice {
		t.Errorf("it knows of %s charged, want 5 calls", got)
	}
}

func TestTheReceiptsOfARestoredShopAddUpInThePayersBook(t *testing.T) {
	c, o := newCounter(t), options(t)
	client := funded(t, c.url, o)
	hashes(t, client, 2)
	c.backsUp()
	hashes(t, client, 3)
	c.restores()
	hashes(t, client, 2)
	if came, err := client.FetchReceipts(t.Context()); err != nil || came != 1 { // that of what was shown
		t.Errorf("%d receipts came, %v", came, err)
	}
	if came, err := client.FetchReceipts(t.Context()); err != nil || came != 0 {
		t.Errorf("%d receipts came again, %v", came, err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if a := verified(t, o.Book); a.Fault != nil || a.Receipts != 8 || a.Charged != 7*hashPrice {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
	other := options(t) // who begins with nothing gets what the shop has
	other.Key = o.Key
	again := dial(t, c.url, other)
	if _, err := again.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if came, err := again.FetchReceipts(t.Context()); err != nil || came != 5 {
		t.Errorf("%d receipts came, %v", came, err)
	}
	if a := verified(t, other.Book); a.Fault != nil || a.Receipts != 5 || a.Charged != 7*hashPrice {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAPageThatWasRestoredIsShownTheReceipt(t *testing.T) {
	c, o := newCounter(t), options(t)
	paid := func() {
		pages := http.NewServeMux()
		pages.Handle("/paid", c.SellHTTP(server.HTTPOffer{Name: "paid", Price: func() vouchers.Amount { return hashPrice }})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		web := httptest.NewServer(pages)
		t.Cleanup(web.Close)
		at, err := url.Parse(web.URL)
		if err != nil {
			t.Fatal(err)
		}
		c.at.Store(at)
	}
	paid()
	o.TopUp.Amount = usdc
	page := strings.TrimSuffix(c.url, "/mcp") + "/paid"
	client := visit(t, page, o)
	read := func(n int) {
		for range n {
			if response, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: page}); err != nil || response.Status != http.StatusOK || receipt.Signed == nil {
				t.Fatalf("%+v, %+v, %v", response, receipt, err)
			}
		}
	}
	read(1)
	c.backsUp()
	read(3)
	c.restores()
	paid()
	read(2)
	if got := c.charged(); got != 6*hashPrice {
		t.Errorf("it knows of %s charged, want 6 pages", got)
	}
	evidence := 0
	for ch := range c.Ledger.Channels() {
		if err := c.Receipts.Walk(t.Context(), ch.ID, 0, func(r *receipts.Signed) error {
			if r.Resource == receipts.Evidence {
				evidence++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if evidence != 1 {
		t.Errorf("%d lines of the history are of what was shown", evidence)
	}
}
