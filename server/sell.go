package server

import (
	"net/http"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
)

// Sell sells the tools, resources and prompts of an MCP server, whenever they are added: they are
// behind the paywall from then on, and tools without a price are not shown; for the rest see
// [Prices]. It adds the shop's own tools, by which
// payers deposit, take refunds, hand out credit tokens, fetch receipts again and learn where
// their channels stand. What its middleware does that was there before is done before anybody
// has paid. The second time it does nothing.
func (s *Shop) Sell(tools *mcpserver.MCPServer) {
	if s.paywall.Wrap(tools) {
		s.tools.Add(tools)
	}
}

// CheckTools says whether a shop can serve an MCP server: one that it sells, or else the error
// is [onmcp.ErrNoPaywall], and none of whose priced tools runs as a task ([onmcp.ErrTaskTool]).
// [Shop.Serve] and its kin and [Shop.Handler] ask it, so that a mistake is seen at the start.
func (s *Shop) CheckTools(tools *mcpserver.MCPServer) error { return s.paywall.CheckTools(tools) }

// Catalog says what the shop does with tools of these names.
func (s *Shop) Catalog(names []string) offer.Catalog { return s.paywall.Catalog(names) }

// Guard stands in front of an MCP server over HTTP and bounds what a request may hold and cost
// before anybody has paid for it, as [onmcp.Paywall.Guard] does. [Shop.Handler] has it. A handler
// of the seller's own needs it:
//
//	handler := shop.Guard(mcpserver.NewStreamableHTTPServer(tools))
func (s *Shop) Guard(next http.Handler) http.Handler { return s.paywall.Guard(next) }

// SellHTTP is middleware that sells what a handler answers, by the HTTP transport of x402, as
// [onhttp.Seller.Sell] does:
//
//	mux.Handle("GET /pages/", shop.SellHTTP(server.HTTPOffer{Name: "pages", Price: price})(pages))
//
// Where the shop has no [Options.BaseURL] it logs whom that shuts out of an offer by [offer.Exact]
// or [offer.MPP].
func (s *Shop) SellHTTP(o HTTPOffer) func(http.Handler) http.Handler {
	accept := o.Accept.Or(s.transfers.Accept)
	if s.baseURL == "" && (accept.Takes(offer.Exact) || accept.Takes(offer.MPP)) {
		s.logger.Warn("some clients (mppx) cannot pay for a route whose place is a path alone: set baseURL to where clients find the shop", "route", o.Name)
	}
	return func(next http.Handler) http.Handler { return s.routes.Sell(o, next) }
}

// SetRates replaces what the tools cost, from the next call on. An error leaves
// everything as it was.
func (s *Shop) SetRates(prices Prices, rates Rates) error {
	t, err := offer.NewTariff(prices, rates)
	if err != nil {
		return err
	}
	s.rates.Store(t)
	return nil
}

// TakeBody reads the body of each request into memory before next sees it, as far as
// [Limits.Body] and [Limits.Bodies] allow, and refuses the request where they do not.
func (s *Shop) TakeBody(next http.Handler) http.Handler { return s.door.TakeBody(next) }

// Bound bounds how long clients may take to send a request and to read its answer, and
// gives the request an id. What next does not read of a body is not waited for longer.
func (s *Shop) Bound(next http.Handler) http.Handler { return s.door.Bound(next) }
