package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// route is an HTTP route that is sold.
type route struct {
	Route

	sold   atomic.Pointer[http.Handler] // at its price
	proxy  *httputil.ReverseProxy
	logger *slog.Logger
	pool   *http.Transport
}

func newRoute(g *Gateway, config Route) *route {
	r := &route{Route: config, logger: g.logger.With("route", config.Pattern()), pool: http.DefaultTransport.(*http.Transport).Clone()}
	r.pool.MaxIdleConns, r.pool.MaxIdleConnsPerHost = idleConnections, idleConnections
	r.proxy = &httputil.ReverseProxy{
		Rewrite:      r.rewrite,
		Transport:    r.pool,
		ErrorHandler: r.failed,
		ErrorLog:     slog.NewLogLogger(r.logger.Handler(), slog.LevelDebug),
	}
	r.sell(g.shop, config.Price)
	return r
}

// sell sells the upstream's answers at a price, from the next request on.
func (r *route) sell(shop *server.Shop, price Price) {
	offer := server.HTTPOffer{
		Name:     r.Pattern(),
		Resource: x402.Resource{Description: r.Description, MimeType: r.MimeType},
		Price:    func() vouchers.Amount { return price.Most },
		Metered:  price.Metered,
		Free:     price.Free,
	}
	if price.Per != nil {
		offer.Quote = price.quoteRequest
	}
	sold := shop.SellHTTP(offer, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), r.Timeout)
		defer cancel()
		began := time.Now()
		r.proxy.ServeHTTP(w, req.WithContext(ctx))
		r.logger.Info("request", "request", requestID(ctx), "took", time.Since(began))
	}))
	r.sold.Store(&sold)
}

// ServeHTTP sells the upstream's answer.
func (r *route) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.target(req) == nil {
		http.Error(w, "the path does not lead anywhere", http.StatusNotFound)
		return
	}
	(*r.sold.Load()).ServeHTTP(w, req)
}

// target is where a request goes, nil if what stands for a wildcard would lead out of
// its place in the path.
func (r *route) target(req *http.Request) *url.URL {
	safe := true
	filled := wildcard.ReplaceAllStringFunc(r.Upstream, func(match string) string {
		segments := strings.Split(req.PathValue(match[1:len(match)-1]), "/")
		for i, segment := range segments {
			safe = safe && segment != "." && segment != ".."
			segments[i] = url.PathEscape(segment)
		}
		return strings.Join(segments, "/")
	})
	to, err := url.Parse(filled)
	if err != nil || !safe {
		return nil
	}
	if to.Path == "" {
		to.Path, to.RawPath = req.URL.Path, req.URL.RawPath
		if path.Clean(to.Path) != strings.TrimSuffix(to.Path, "/") && to.Path != "/" {
			return nil
		}
	}
	switch {
	case to.RawQuery == "":
		to.RawQuery = req.URL.RawQuery
	case req.URL.RawQuery != "":
		to.RawQuery += "&" + req.URL.RawQuery
	}
	return to
}

func (r *route) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL = r.target(p.In)
	p.Out.Host = ""
	p.SetXForwarded()
	p.Out.Header.Del(x402.HeaderPaymentSignature)
	if strings.HasPrefix(p.Out.Header.Get("Authorization"), creditPrefix) {
		p.Out.Header.Del("Authorization")
	}
	for name, value := range r.Headers {
		p.Out.Header.Set(name, value)
	}
}

// creditPrefix begins an Authorization that is meant for the gateway.
const creditPrefix = "Bearer chit_"

// failed answers for an upstream that did not.
func (r *route) failed(w http.ResponseWriter, req *http.Request, err error) {
	status := http.StatusBadGateway
	if req.Context().Err() == context.DeadlineExceeded {
		status = http.StatusGatewayTimeout
	}
	r.logger.Warn("no answer", "request", requestID(req.Context()), "error", reason(err))
	http.Error(w, http.StatusText(status)+"; you were not charged", status)
}
