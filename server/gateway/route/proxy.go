package route

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/gateway/timeout"
	"github.com/chitpay/chit/server/offer"
)

// exchange is one request to the upstream of a route, with why there is no answer.
type exchange struct {
	clock *timeout.Clock
	err   error
}

type exchangeKey struct{}

var errBrokeOff = errors.New("the answer broke off")

// ask has the upstream answer a request, without a silence of more than the route's
// timeout, and notes for the log what has come of it.
func (h *Handler) ask(w http.ResponseWriter, req *http.Request) {
	ctx, clock, stop := timeout.Start(req.Context(), h.Timeout, h.TotalTimeout)
	defer stop()
	x, began, whole := &exchange{clock: clock}, time.Now(), false
	defer func() {
		if !whole {
			x.err = cmp.Or(timeout.Cause(ctx), errBrokeOff)
		}
		lost := x.err != nil && req.Context().Err() == nil // a client that goes away is not the upstream's fault
		offer.NoteUpstream(req.Context(), offer.Asked{Name: h.host, Took: time.Since(began), Err: x.err, Lost: lost})
	}()
	h.proxy.ServeHTTP(w, req.WithContext(context.WithValue(ctx, exchangeKey{}, x)))
	whole = true
}

func (h *Handler) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL = h.target(p.In)
	p.Out.Host = ""
	p.SetXForwarded()
	foreign.DisownHeaders(p.Out.Header)
	for _, name := range []string{"Authorization", "X-Api-Key"} {
		if slices.ContainsFunc(p.Out.Header[name], payment.MatchString) {
			p.Out.Header.Del(name)
		}
	}
	for _, name := range misleading {
		p.Out.Header.Del(name)
	}
	for name, value := range h.Headers {
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
func (h *Handler) failed(w http.ResponseWriter, req *http.Request, err error) {
	if x, ok := req.Context().Value(exchangeKey{}).(*exchange); ok {
		x.err = cmp.Or(timeout.Cause(req.Context()), err)
	}
	if timeout.Cause(req.Context()) != nil {
		http.Error(w, http.StatusText(http.StatusGatewayTimeout), http.StatusGatewayTimeout)
		return
	}
	if req.Context().Err() == nil {
		server.ReportCost(req.Context(), 0) // whatever failures cost: nothing was asked of the upstream
	}
	http.Error(w, http.StatusText(http.StatusBadGateway)+"; you were not charged", http.StatusBadGateway)
}
