package meanstest

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// Tool is what a [Place] sells over MCP, at [Price] without a quote.
const Tool = "work"

// Price is what a call costs, in atomic USDC.
const Price vouchers.Amount = 1_000

// Place is a shop that sells one thing, as a tool, as a resource, as a prompt and as a route.
type Place struct {
	*server.Shop
	// URL is the MCP endpoint.
	URL string

	t       testing.TB
	options server.Options
	goods   goods
	route   string // URL
	servers []*httptest.Server
	steps   *steps
	runs    atomic.Int64
	price   atomic.Uint64 // atomic USDC

	asked sync.Mutex // guards quoted
	// quoted are the texts that quotes were asked for.
	quoted []string
}

// goods are what is sold.
type goods struct {
	rate server.Rate
	// quote says what a text costs; nil is the price.
	quote func(text string) vouchers.Amount
	// do answers a text. An error is a failure.
	do func(ctx context.Context, text string) (string, error)
}

func (g goods) done(ctx context.Context, text string) (string, error) {
	if g.do == nil {
		return "done " + text, nil
	}
	return g.do(ctx, text)
}

// open opens a place for the subject, with a store of its own.
func (tr *trial) open(g goods) *Place {
	tr.Helper()
	o := shoptest.Options(tr)
	if tr.subject.Options != nil {
		tr.subject.Options(&o)
	}
	return openPlace(tr, o, g)
}

func openPlace(t testing.TB, o server.Options, g goods) *Place {
	t.Helper()
	p := &Place{t: t, options: o, goods: g, steps: new(steps)}
	p.price.Store(uint64(Price))
	o.Prices, o.Rates, o.Ways = nil, p.rates(), p.steps.watch(o.Ways)
	var err error
	if p.Shop, err = server.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	tools := mcpserver.NewMCPServer("a place", "1")
	p.Sell(tools)
	tools.AddTool(mcp.NewTool(Tool, mcp.WithString("text")), p.tool)
	tools.AddResourceTemplate(mcp.NewResourceTemplate(work+"{text}", "work"), p.resource)
	tools.AddPrompt(mcp.NewPrompt(Tool, mcp.WithArgument("text")), p.prompt)
	p.URL, p.route = p.serve(p.Handler(tools))+"/mcp", p.serve(p.SellHTTP(p.offer())(http.HandlerFunc(p.answer)))
	return p
}

func (p *Place) rates() server.Rates {
	rate := p.goods.rate
	rate.Price = strconv.FormatFloat(float64(p.price.Load())/1e6, 'f', -1, 64)
	if p.goods.quote != nil {
		rate.Quote = func(_ context.Context, req mcp.CallToolRequest) (vouchers.Amount, error) {
			text := req.GetString("text", "")
			if uri, is := strings.CutPrefix(req.Params.Name, x402.ResourcePrefix); is {
				text = textIn(uri)
			}
			return p.quote(text), nil
		}
	}
	return server.Rates{Tool: rate, x402.ResourcePrefix + work + "*": rate, x402.PromptPrefix + Tool: rate}
}

// work begins the URIs of the resources that a place sells; the text follows.
const work = "work:///"

func textIn(uri string) string {
	text, _ := url.PathUnescape(strings.TrimPrefix(uri, work)) // is escaped
	return text
}

func (p *Place) resource(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	text, err := p.run(ctx, textIn(req.Params.URI))
	if err != nil {
		return nil, err
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: "work:///done", Text: text}}, nil
}

func (p *Place) prompt(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	text, err := p.run(ctx, req.Params.Arguments["text"])
	if err != nil {
		return nil, err
	}
	return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))}), nil
}

func (p *Place) run(ctx context.Context, text string) (string, error) {
	p.runs.Add(1)
	p.steps.at(atRun)
	return p.goods.done(ctx, text)
}

// reprice sells at another price from now on.
func (p *Place) reprice(price vouchers.Amount) {
	p.t.Helper()
	p.price.Store(uint64(price))
	if err := p.SetRates(nil, p.rates()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Place) serve(handler http.Handler) string {
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of what panics by intent
	s.Start()
	p.servers = append(p.servers, s)
	return s.URL
}

// close ends the shop. What it says of a store that a rule has closed is nothing new.
func (p *Place) close() {
	for _, s := range p.servers {
		s.CloseClientConnections()
		s.Close()
	}
	p.servers = nil
	if err := p.Close(); err != nil && p.Store.Err() == nil {
		p.t.Errorf("close the shop: %v", err)
	}
}

// again is the place after a restart, on a store: its own, or a copy of it.
func (p *Place) again(t testing.TB, store string) *Place {
	t.Helper()
	p.settled()
	p.close()
	o := p.options
	o.Store = store
	return openPlace(t, o, p.goods)
}

func (p *Place) tool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	text, err := p.run(ctx, req.GetString("text", ""))
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return mcp.NewToolResultText(text), nil
}

func (p *Place) answer(w http.ResponseWriter, r *http.Request) {
	p.runs.Add(1)
	p.steps.at(atRun)
	asked, err := io.ReadAll(r.Body)
	if err == nil {
		asked, err = p.answerTo(r.Context(), asked)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(asked)
}

func (p *Place) answerTo(ctx context.Context, asked []byte) ([]byte, error) {
	text, err := p.goods.done(ctx, string(asked))
	return []byte(text), err
}

func (p *Place) offer() server.HTTPOffer {
	rate := p.goods.rate
	o := server.HTTPOffer{
		Name: "POST /work", Price: func() vouchers.Amount { return vouchers.Amount(p.price.Load()) },
		Metered: rate.Metered, ChargeFailed: rate.ChargeFailed, ChargeCancelled: rate.ChargeCancelled, Free: rate.Free,
	}
	if p.goods.quote != nil {
		o.Quote = func(r *http.Request) (vouchers.Amount, error) {
			asked, err := io.ReadAll(r.Body)
			return p.quote(string(asked)), err
		}
	}
	return o
}

func (p *Place) quote(text string) vouchers.Amount {
	p.asked.Lock()
	defer p.asked.Unlock()
	p.quoted = append(p.quoted, text)
	return p.goods.quote(text)
}

// settled waits for the sales that are under way.
func (p *Place) settled() {
	p.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); p.steps.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%d sales hold money and have not ended", p.steps.open.Load())
		}
	}
}

// stands fails the test unless the payer was charged so much, and receipts prove it, in so many
// runs since the place was opened. A place has one payer.
func (p *Place) stands(payer Payer, charged vouchers.Amount, runs int64) {
	p.t.Helper()
	p.settled()
	if got := payer.Charged(p.t, p.Shop); got != charged || p.runs.Load() != runs {
		p.t.Errorf("charged %s in %d runs, want %s in %d", got, p.runs.Load(), charged, runs)
	}
	var statement bytes.Buffer
	if err := p.WriteStatement(p.t.Context(), receipts.Filter{}, &statement); err != nil {
		p.t.Fatal(err)
	}
	var audits []receipts.Audit
	if statement.Len() > 0 {
		var err error
		if audits, err = receipts.Verify(&statement); err != nil {
			p.t.Fatal(err)
		}
	}
	proved := vouchers.Amount(0)
	for _, audit := range audits {
		if audit.Fault != nil {
			p.t.Errorf("the receipts of channel %s: %v", audit.Channel, audit.Fault)
		}
		proved += audit.Charged
	}
	if proved != charged {
		p.t.Errorf("receipts prove that %s were charged, want %s", proved, charged)
	}
}
