package server

import (
	"cmp"
	"net/http"
	"net/url"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/storefront"
)

// Front is what a shop shows to machines that look for something to buy.
type Front struct {
	// Tools is the MCP server at MCPPath, which the shop sells; nil is none.
	Tools   *mcpserver.MCPServer
	MCPPath string
	// Routes are those that [Shop.SellHTTP] sells. They are asked for at each request; nil is none.
	Routes func() []SoldRoute
}

// SoldRoute is a route that is sold, under a pattern of [http.ServeMux].
type SoldRoute struct {
	Method, Path string
	Offer        HTTPOffer
}

// Storefront answers GET of [storefront.Paths], by which machines find the shop. [Shop.Handler]
// has it for its tools. A handler of the seller's own mounts it for what it serves:
//
//	front := shop.Storefront(server.Front{Routes: routes})
//	for _, path := range storefront.Paths() {
//		mux.Handle("GET "+path, front)
//	}
func (s *Shop) Storefront(f Front) http.Handler {
	return storefront.Handler(func() storefront.Sold {
		sold := storefront.Sold{Name: s.name(), BaseURL: s.baseURL, MCPPath: f.MCPPath}
		if f.Tools != nil {
			sold.Tools = s.shownTools(f.Tools)
		}
		if f.Routes != nil {
			for _, route := range f.Routes() {
				sold.Routes = append(sold.Routes, s.shownRoute(route))
			}
		}
		return sold
	})
}

// name is what the shop is called where nobody has named it: the host of its base URL.
func (s *Shop) name() string {
	base, err := url.Parse(s.baseURL)
	if err != nil {
		return "chit shop"
	}
	return cmp.Or(base.Host, "chit shop")
}

func (s *Shop) shownTools(of *mcpserver.MCPServer) (shown []storefront.Tool) {
	for i, tool := range s.paywall.Sold(of) {
		t := storefront.Tool{Name: tool.Name, Description: tool.Description}
		t.Most, t.Varies = tool.Price, varies(tool.Offer)
		if t.Most > 0 && i < storefront.MaxListed {
			t.Accepts, t.Charges = s.paywall.TermsOf(tool).Accepts, s.paywall.ChargesOf(tool)
		}
		shown = append(shown, t)
	}
	return shown
}

func (s *Shop) shownRoute(route SoldRoute) storefront.Route {
	r := storefront.Route{Method: route.Method, Path: route.Path, Description: route.Offer.Resource.Description, MimeType: route.Offer.Resource.MimeType, Query: route.Offer.Query}
	if r.Most = route.Offer.Price(); r.Most > 0 {
		r.Varies = route.Offer.Quote != nil || route.Offer.Metered
		r.Accepts, r.Charges = s.routes.TermsOf(route.Offer).Accepts, s.routes.ChargesOf(route.Offer)
	}
	return r
}

func varies(o *offer.Offer) bool { return o.Quote != nil || o.Metered }
