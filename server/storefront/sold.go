package storefront

import (
	"cmp"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/v1"
)

// Sold is what a shop sells at a moment.
type Sold struct {
	// Name is what the shop is called.
	Name string
	// BaseURL stands before all paths, without a slash at its end; empty names them by their
	// paths alone.
	BaseURL string
	// MCPPath is where the tools are called, over streamable HTTP; it does not count where there
	// are no tools.
	MCPPath string
	Tools   []Tool
	Routes  []Route
}

// Cost is what a call or a request costs.
type Cost struct {
	// Most is the most, in atomic USDC; 0 is free.
	Most vouchers.Amount
	// Varies says that it may cost less: by its arguments, or by what it has really cost.
	Varies bool
	// Accepts are the ways to pay it in the words of x402, Charges those in the words of MPP.
	Accepts, Charges []x402.Requirements
}

// Tool is one that clients are shown.
type Tool struct {
	Name, Description string
	Cost
}

// Route is a route that is served.
type Route struct {
	// Method and Path are a pattern of [net/http.ServeMux].
	Method, Path string
	// Description and MimeType are of the answer.
	Description, MimeType string
	// Query has a JSON Schema for each parameter of the query that is known.
	Query map[string]jsontext.Value
	Cost
}

// at is where a path is found.
func (s *Sold) at(path string) string { return s.BaseURL + path }

// costs reports whether anything of it has to be paid for.
func (s *Sold) costs() bool { return s.toolsCost() || s.routesCost() }

func (s *Sold) toolsCost() bool {
	for _, tool := range s.Tools {
		if tool.Most > 0 {
			return true
		}
	}
	return false
}

func (s *Sold) routesCost() bool {
	for _, route := range s.Routes {
		if route.Most > 0 {
			return true
		}
	}
	return false
}

// way is a way to pay, without its amount and what is the scheme's own.
type way struct{ scheme, network, asset, payTo string }

// ways are those of some terms, each once and in their order.
func ways(accepts []x402.Requirements) (all []way) {
	seen := make(map[way]bool)
	for _, entry := range accepts {
		w := way{entry.Scheme, entry.Network, entry.Asset.Hex(), entry.PayTo.Hex()}
		if !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	return all
}

// ways are those of all that is sold.
func (s *Sold) ways() []way {
	var accepts []x402.Requirements
	for _, c := range s.all() {
		accepts = append(accepts, c.Accepts...)
	}
	return ways(accepts)
}

// all is what each thing costs.
func (s *Sold) all() (all []*Cost) {
	for i := range s.Tools {
		all = append(all, &s.Tools[i].Cost)
	}
	for i := range s.Routes {
		all = append(all, &s.Routes[i].Cost)
	}
	return all
}

// takesMPP reports whether anything is paid in the words of MPP.
func (s *Sold) takesMPP() bool {
	return slices.ContainsFunc(s.all(), func(c *Cost) bool { return len(c.Charges) > 0 })
}

// takesFirst reports whether anything is paid in the words of x402's first version.
func (s *Sold) takesFirst() bool {
	return slices.ContainsFunc(s.all(), func(c *Cost) bool {
		_, some := v1.Terms(&x402.PaymentRequired{Accepts: c.Accepts})
		return some
	})
}

// String says the cost for people.
func (c *Cost) String() string {
	switch {
	case c.Most == 0:
		return "free"
	case c.Varies:
		return "at most " + c.Most.String()
	}
	return c.Most.String()
}

// described is what something is, or its name where nobody says.
func described(description, name string) string { return cmp.Or(words(description), words(name)) }
