package gateway

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// route is an HTTP route that is sold.
type route struct {
	config.Route

	sold   atomic.Pointer[offered]
	wild   []config.Wildcard // of its path
	host   string            // of its upstream, for the log
	proxy  *httputil.ReverseProxy
	logger *slog.Logger
	pool   *http.Transport
}

func newRoute(g *Gateway, of config.Route) *route {
	r := &route{
		Route: of, logger: g.logger.With("route", of.Pattern()), wild: of.Wildcards(),
		pool: http.DefaultTransport.(*http.Transport).Clone(),
	}
	r.pool.MaxIdleConns, r.pool.MaxIdleConnsPerHost = idleConnections, idleConnections
	r.proxy = &httputil.ReverseProxy{
		Rewrite:      r.rewrite,
		Transport:    &attentive{r.pool},
		ErrorHandler: r.failed,
		ErrorLog:     slog.NewLogLogger(r.logger.Handler(), slog.LevelDebug),
	}
	if to, err := url.Parse(of.Fill(func(string) string { return "" })); err == nil {
		r.host = to.Host
	}
	r.sell(g.shop, of.Price)
	return r
}

// offered is what is sold at the moment: the handler, at its price, and what of a request
// is not the caller's to spell as it likes.
type offered struct {
	http.Handler
	given parameters
}

// sell sells the upstream's answers at a price, from the next request on.
func (r *route) sell(shop *server.Shop, price pricing.Price) {
	offer := server.HTTPOffer{
		Name:     r.Pattern(),
		Resource: x402.Resource{Description: r.Description, MimeType: r.MimeType},
		Price:    func() vouchers.Amount { return price.Most },
		Metered:  price.Metered,
		Free:     price.Free,

		ChargeFailed: price.ChargeFailed, ChargeCancelled: price.ChargeCancelled,
	}
	if price.Per != nil {
		offer.Quote = price.QuoteRequest
	}
	sold := shop.SellHTTP(offer, shop.TakeBody(http.HandlerFunc(r.ask)))
	r.sold.Store(&offered{sold, parametersOf(&r.Route, price)})
}

// exchange is one request to the upstream of a route, with why there is no answer.
type exchange struct {
	clock *clock
	err   error
}

type exchangeKey struct{}

var errBrokeOff = errors.New("the answer broke off")

// ask has the upstream answer a request, without a silence of more than the route's
// timeout, and notes for the log what has come of it.
func (r *route) ask(w http.ResponseWriter, req *http.Request) {
	ctx, clock, stop := startClock(req.Context(), r.Timeout, r.TotalTimeout)
	defer stop()
	x, began, whole := &exchange{clock: clock}, time.Now(), false
	defer func() {
		if !whole {
			x.err = cmp.Or(tooSlow(ctx), errBrokeOff)
		}
		lost := x.err != nil && req.Context().Err() == nil // a client that goes away is not the upstream's fault
		server.NoteUpstream(req.Context(), server.Asked{Name: r.host, Took: time.Since(began), Err: x.err, Lost: lost})
	}()
	r.proxy.ServeHTTP(w, req.WithContext(context.WithValue(ctx, exchangeKey{}, x)))
	whole = true
}

// ServeHTTP sells the upstream's answer. What leads elsewhere than the route, or could be
// read in two ways, is refused before it is sold.
func (r *route) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.target(req) == nil {
		http.Error(w, "the path does not lead anywhere", http.StatusNotFound)
		return
	}
	sold := r.sold.Load()
	if err := sold.given.check(req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sold.ServeHTTP(w, req)
}

func (r *route) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL = r.target(p.In)
	p.Out.Host = ""
	p.SetXForwarded()
	server.DisownHeaders(p.Out.Header)
	for _, name := range []string{"Authorization", "X-Api-Key"} {
		if slices.ContainsFunc(p.Out.Header[name], payment.MatchString) {
			p.Out.Header.Del(name)
		}
	}
	for _, name := range misleading {
		p.Out.Header.Del(name)
	}
	for name, value := range r.Headers {
		deleteAlike(p.Out.Header, name)
		p.Out.Header.Set(name, value)
	}
}

// misleading are headers by which some programs take another path or method than that of
// the request, which is what was sold.
var misleading = []string{"X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// deleteAlike deletes a header in every spelling that CGI and its kin take for it.
func deleteAlike(h http.Header, name string) {
	plain := strings.ReplaceAll(name, "_", "-")
	for given := range h {
		if strings.EqualFold(strings.ReplaceAll(given, "_", "-"), plain) {
			delete(h, given)
		}
	}
}

// payment is a credential that is meant for the gateway: a credit token, or a payment.
var payment = regexp.MustCompile(`(?i)^\s*((bearer\s+)?chit_|payment\s)`)

// failed answers for an upstream that did not.
func (r *route) failed(w http.ResponseWriter, req *http.Request, err error) {
	if x, ok := req.Context().Value(exchangeKey{}).(*exchange); ok {
		x.err = cmp.Or(tooSlow(req.Context()), errors.New(reason(err)))
	}
	if tooSlow(req.Context()) != nil {
		http.Error(w, http.StatusText(http.StatusGatewayTimeout), http.StatusGatewayTimeout)
		return
	}
	if req.Context().Err() == nil {
		server.ReportCost(req.Context(), 0) // whatever failures cost: nothing was asked of the upstream
	}
	http.Error(w, http.StatusText(http.StatusBadGateway)+"; you were not charged", http.StatusBadGateway)
}
