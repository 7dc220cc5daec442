package agent_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// heard is what a shop has logged of calls and refusals, the codes of which it joins.
type heard struct{ codes []string }

func (h *heard) Enabled(context.Context, slog.Level) bool { return true }
func (h *heard) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *heard) WithGroup(string) slog.Handler            { return h }

func (h *heard) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			h.codes = append(h.codes, r.Message+": "+a.Value.String())
		}
		return true
	})
	return nil
}

// olderShop is a shop as a version before [onmcp.StateTool] has it.
func olderShop(t testing.TB, at string) string {
	t.Helper()
	target, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	proxy := httputil.NewSingleHostReverseProxy(target)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del(onhttp.HeaderState)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body = bytes.ReplaceAll(body, []byte(onmcp.StateTool), []byte("chit_nothing"))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestReadingOnesOwnStateIsNoPaymentThatTheSellerRefuses(t *testing.T) {
	log := new(heard)
	s := selling(t, "0.001")
	s.Logger = slog.New(log)
	shop := shoptest.Open(t, s, work)
	pages := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "paid", Price: func() vouchers.Amount { return price }})(http.NotFoundHandler()))
	t.Cleanup(pages.Close)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 3, 0)
	onPage := agent.HTTPRequest{Method: http.MethodPost, URL: pages.URL + "/paid", Body: []byte("question")}
	o.TopUp.Amount = usdc
	buyer := visit(t, pages.URL, o)
	if _, _, err := buyer.Do(t.Context(), onPage); err != nil {
		t.Fatal(err)
	}
	for name, book := range map[string]string{"the book is as it was": o.Book, "the book is lost": filepath.Join(t.TempDir(), "lost.db"), "there is none": ""} {
		o.Book = book
		caller, reader := dial(t, shop.URL, o), visit(t, pages.URL, o)
		log.codes = nil
		if entry, err := caller.Recover(t.Context()); err != nil || entry.Balance != 10*usdc || entry.Charged != 3*price || entry.Signed != 3*price {
			t.Errorf("%s: recovered %+v, %v", name, entry, err)
		}
		if len(log.codes) > 0 {
			t.Errorf("%s: at a tool that nobody called the seller logs %q", name, log.codes)
		}
		if entry, err := reader.Recover(t.Context(), onPage); err != nil || entry.Balance != usdc || entry.Charged != 0 {
			t.Errorf("%s: recovered %+v of the page, %v", name, entry, err)
		}
		if got := strings.Join(log.codes, ", "); got != "payment refused: payment_required" { // it asks for the terms
			t.Errorf("%s: at the page the seller logs %q", name, got)
		}
	}
}

func TestAServerThatDoesNotKnowOrdersForTheStateIsAskedByAPaymentOfNothing(t *testing.T) {
	shop, refused := counting(t)
	at := olderShop(t, shop.URL) + "/mcp"
	o := options(t)
	buy(t, funded(t, at, o), 3, 0)
	o.Book = ""
	if entry, err := dial(t, at, o).Recover(t.Context()); err != nil || entry.Charged != 3*price || refused.Load() != 1 {
		t.Errorf("recovered %+v, %v, with %d refusals", entry, err, refused.Load())
	}

	_, stalls := stall(t)
	pages := olderShop(t, stalls)
	o = options(t)
	o.TopUp.Amount = usdc
	request := agent.HTTPRequest{URL: pages + "/paid"}
	if _, _, err := visit(t, pages, o).Do(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	o.Book = ""
	if entry, err := visit(t, pages, o).Recover(t.Context(), request); err != nil || entry.Charged != price {
		t.Errorf("recovered %+v of the page, %v", entry, err)
	}
}

func TestAServerThatLiesAboutTheStateIsFoundOut(t *testing.T) {
	for name, test := range map[string]struct {
		proof func(*liar) *x402.VoucherState
		want  error
	}{
		"it shows no voucher":             {func(*liar) *x402.VoucherState { return nil }, agent.ErrDishonest},
		"it shows a voucher of its own":   {func(l *liar) *x402.VoucherState { return l.proof(5*price, shoptest.Key(t, "liar")) }, agent.ErrDishonest},
		"the book knows of no such thing": {func(l *liar) *x402.VoucherState { return l.proof(5*price, l.payer) }, agent.ErrOldBook},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Agree = func(context.Context, agent.Finding) (bool, error) { return false, nil }
			l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				t.Error("it is asked by a payment")
				return l.refuse(x402.ErrChannelNotFound, l.terms)
			})
			l.announce = true
			l.stands = func() *x402.SettlementResponse {
				told := l.receipt(0, 5*price)
				told.Extra.VoucherState = test.proof(l)
				return told
			}
			if entry, err := dial(t, l.url, o).Recover(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("recovered %+v, %v", entry, err)
			}
		})
	}
}
