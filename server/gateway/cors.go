package gateway

import (
	"net/http"
	"slices"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/rs/cors"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
	"github.com/chitpay/chit/x402/v1"
)

// corsMaxAge is how long a browser may remember what it may do, in seconds.
const corsMaxAge = 600

// exposed are the headers of answers that pages may read.
var exposed = []string{
	x402.HeaderPaymentRequired, x402.HeaderPaymentResponse, onhttp.HeaderCreditGrant, onhttp.HeaderCreditRemaining, onhttp.HeaderReceipt, onhttp.HeaderWithheld, short.HeaderPaid, v1.HeaderResponse,
	mcpserver.HeaderKeySessionID, door.HeaderRequestID, "Retry-After", "WWW-Authenticate",
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
