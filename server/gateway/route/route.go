package route

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Handler is a route that is sold. It is safe for concurrent use.
type Handler struct {
	config.Route

	shop   *server.Shop
	sold   atomic.Pointer[offered]
	wild   []config.Wildcard // of its path
	host   string            // of its upstream, for the log
	proxy  *httputil.ReverseProxy
	logger *slog.Logger
	pool   *http.Transport
}

// idleConnections is how many requests to one upstream can be on the wire at once without
// new connections.
const idleConnections = 128

// New sells a route through a shop, at the price that the config has. The caller closes it.
func New(shop *server.Shop, of config.Route, logger *slog.Logger) *Handler {
	h := &Handler{
		Route: of, shop: shop, logger: logger.With("route", of.Pattern()), wild: of.Wildcards(),
		pool: http.DefaultTransport.(*http.Transport).Clone(),
	}
	h.pool.MaxIdleConns, h.pool.MaxIdleConnsPerHost = idleConnections, idleConnections
	h.proxy = &httputil.ReverseProxy{
		Rewrite:      h.rewrite,
		Transport:    &attentive{h.pool},
		ErrorHandler: h.failed,
		ErrorLog:     slog.NewLogLogger(h.logger.Handler(), slog.LevelDebug),
	}
	if to, err := url.Parse(of.Fill(func(string) string { return "" })); err == nil {
		h.host = to.Host
	}
	h.Sell(of.Price)
	return h
}

// offered is what is sold at the moment: the handler, at its price, and what of a request
// is not the caller's to spell as it likes.
type offered struct {
	http.Handler
	given parameters
	offer server.HTTPOffer
}

// Offer is what the route is sold as at the moment.
func (h *Handler) Offer() server.HTTPOffer { return h.sold.Load().offer }

// Sell sells the upstream's answers at a price, from the next request on.
func (h *Handler) Sell(price pricing.Price) {
	offer := server.HTTPOffer{
		Name:     h.Pattern(),
		Resource: x402.Resource{Description: h.Description, MimeType: h.MimeType},
		Price:    func() vouchers.Amount { return price.Most },
		Metered:  price.Metered,
		Free:     price.Free,
		Accept:   price.Accept,

		ChargeFailed: price.ChargeFailed, ChargeCancelled: price.ChargeCancelled,
	}
	switch s := h.Stream; {
	case s.Lines > 0:
		offer.Stream = &server.Stream{Count: server.PerLines(s.Lines, 1), Slice: s.Slice}
	case s.Bytes > 0:
		offer.Stream = &server.Stream{Count: server.PerBytes(s.Bytes, 1<<20), Slice: s.Slice}
	}
	if price.Per != nil {
		offer.Quote = price.QuoteRequest
		if !slices.ContainsFunc(h.wild, func(w config.Wildcard) bool { return w.Name == price.Per.Argument }) {
			offer.Query = map[string]jsontext.Value{price.Per.Argument: jsontext.Value(`{"type":"number"}`)}
		}
	}
	sold := h.shop.SellHTTP(offer)(h.shop.TakeBody(http.HandlerFunc(h.ask)))
	h.sold.Store(&offered{sold, parametersOf(&h.Route, price), offer})
}

// ServeHTTP sells the upstream's answer. What leads elsewhere than the route, or could be
// read in two ways, is refused before it is sold.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if h.target(req) == nil {
		http.Error(w, "the path does not lead anywhere", http.StatusNotFound)
		return
	}
	sold := h.sold.Load()
	if err := sold.given.check(req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sold.ServeHTTP(w, req)
}

// Close frees the idle connections to the upstream.
func (h *Handler) Close() { h.pool.CloseIdleConnections() }
