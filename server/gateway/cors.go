package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/rs/cors"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/x402"
)

// corsMaxAge is how long a browser may remember what it may do, in seconds.
const corsMaxAge = 600

// anyOrigin in [Config.Origins] is every web page.
const anyOrigin = "*"

// exposed are the headers of answers that pages may read.
var exposed = []string{
	x402.HeaderPaymentRequired, x402.HeaderPaymentResponse, server.HeaderCreditGrant, server.HeaderCreditRemaining, server.HeaderReceipt,
	mcpserver.HeaderKeySessionID, server.HeaderRequestID, "Retry-After", "WWW-Authenticate",
}

// sharing lets the pages of the configured origins call, with any header and without
// cookies: what pays is in the request.
func (g *Gateway) sharing(next http.Handler) http.Handler {
	if len(g.config.Origins) == 0 {
		return next
	}
	methods := []string{http.MethodGet, http.MethodPost, http.MethodDelete}
	for _, r := range g.routes {
		methods = append(methods, r.Method)
	}
	slices.Sort(methods)
	return cors.New(cors.Options{
		AllowedOrigins: g.config.Origins, AllowedMethods: slices.Compact(methods), AllowedHeaders: []string{"*"},
		ExposedHeaders: exposed, MaxAge: corsMaxAge,
	}).Handler(next)
}

// isShared says whether the pages of an origin may call.
func (g *Gateway) isShared(origin string) bool {
	return slices.ContainsFunc(g.config.Origins, func(configured string) bool {
		return configured == anyOrigin || strings.EqualFold(configured, origin)
	})
}

func readOrigins(r *reader, to *[]string) setting {
	return func(at place) {
		r.list(at, func(element place) {
			var text string
			r.text(&text)(element)
			u, err := url.Parse(text)
			if text != "" && text != anyOrigin && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || text != u.Scheme+"://"+u.Host || strings.Contains(text, "*")) {
				r.report(element, "%q is not an origin such as https://app.example.com, nor \"*\", which is any", text)
			}
			*to = append(*to, text)
		})
	}
}
