package storefront

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// document is an OpenAPI 3.1 document of the routes.
type document struct {
	OpenAPI string                          `json:"openapi"`
	Info    info                            `json:"info"`
	Service service                         `json:"x-service-info"`
	Servers []place                         `json:"servers,omitempty"`
	Paths   map[string]map[string]operation `json:"paths"`
}

type info struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Version     string `json:"version"`
}

type service struct {
	Docs docs `json:"docs"`
}

type docs struct {
	APIReference string `json:"apiReference"`
	LLMs         string `json:"llms"`
}

type place struct {
	URL string `json:"url"`
}

type operation struct {
	Summary    string              `json:"summary"`
	Parameters []parameter         `json:"parameters,omitempty"`
	Body       *body               `json:"requestBody,omitempty"`
	Responses  map[string]response `json:"responses"`
	Payment    *payment            `json:"x-payment-info,omitempty"`
}

type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required,omitempty"`
	Schema   any    `json:"schema"`
	Example  string `json:"example,omitempty"`
}

// body is that of a request, of which no more is known than that there is one.
type body struct {
	Content map[string]struct{} `json:"content"`
}

type response struct {
	Description string              `json:"description"`
	Content     map[string]struct{} `json:"content,omitempty"`
}

// payment is what an operation costs: Offers as clients of MPP read it, Price and Protocols as
// directories of x402 do.
type payment struct {
	Offers    []paymentOffer `json:"offers"`
	Price     price          `json:"price"`
	Protocols []string       `json:"protocols"`
}

type paymentOffer struct {
	Method string `json:"method"`
	Intent string `json:"intent"`
	// Amount is in atomic USDC, nil where it varies.
	Amount    *vouchers.Amount `json:"amount"`
	Currency  string           `json:"currency"`
	Recipient string           `json:"recipient"`
	Network   string           `json:"network"`
}

// price is in USD, Amount for the mode fixed, Min and Max for dynamic.
type price struct {
	Mode     string `json:"mode"`
	Currency string `json:"currency"`
	Amount   string `json:"amount,omitempty"`
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
}

// protocolX402 and protocolMPP are what x402 and MPP are called among protocols of payment.
const (
	protocolX402 = "x402"
	protocolMPP  = "mpp"
)

func openAPI(s *Sold) document {
	d := document{
		OpenAPI: "3.1.0",
		Info:    info{Title: s.Name, Description: "HTTP routes that are paid for in USDC, request by request.", Version: "1"},
		Service: service{docs{APIReference: s.at(OpenAPIPath), LLMs: s.at(LLMsPath)}},
		Paths:   make(map[string]map[string]operation),
	}
	if s.BaseURL != "" {
		d.Servers = []place{{s.BaseURL}}
	}
	for _, route := range s.Routes {
		path, method := template(route.Path), strings.ToLower(route.Method)
		if !operations[method] {
			continue
		}
		if d.Paths[path] == nil {
			d.Paths[path] = make(map[string]operation)
		}
		if _, taken := d.Paths[path][method]; !taken {
			d.Paths[path][method] = operationOf(&route)
		}
	}
	return d
}

// operations are the methods that OpenAPI 3.1 has a word for.
var operations = map[string]bool{"get": true, "put": true, "post": true, "delete": true, "options": true, "head": true, "patch": true, "trace": true}

func operationOf(route *Route) operation {
	good := response{Description: described(route.Description, "the answer")}
	if route.MimeType != "" {
		good.Content = map[string]struct{}{words(route.MimeType): {}}
	}
	o := operation{
		Summary: described(route.Description, route.Method+" "+route.Path), Parameters: append(inPath(route.Path), inQuery(route.Query)...),
		Responses: map[string]response{"200": good},
	}
	switch route.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		o.Body = &body{map[string]struct{}{"*/*": {}}}
	}
	if route.Most > 0 {
		o.Responses["402"] = response{Description: "Payment Required: the terms are in the header PAYMENT-REQUIRED and in the body"}
		o.Payment = paymentOf(&route.Cost)
	}
	return o
}

func paymentOf(c *Cost) *payment {
	p := &payment{Protocols: []string{protocolX402}, Price: price{Mode: "fixed", Currency: "USD", Amount: c.Most.Decimal()}}
	if c.Varies {
		p.Price = price{Mode: "dynamic", Currency: "USD", Min: "0", Max: c.Most.Decimal()}
	}
	for _, entry := range c.Accepts {
		p.offer(c, protocolX402, entry.Scheme, entry)
	}
	for _, entry := range c.Charges {
		p.offer(c, mpp.MethodEVM, mpp.IntentCharge, entry)
	}
	if len(c.Charges) > 0 {
		p.Protocols = append(p.Protocols, protocolMPP)
	}
	return p
}

// offer adds a way to pay, once.
func (p *payment) offer(c *Cost, method, intent string, entry x402.Requirements) {
	added := paymentOffer{Method: method, Intent: intent, Currency: entry.Asset.Hex(), Recipient: entry.PayTo.Hex(), Network: entry.Network}
	if slices.ContainsFunc(p.Offers, func(o paymentOffer) bool { o.Amount = nil; return o == added }) {
		return
	}
	if !c.Varies {
		added.Amount = &entry.Amount
	}
	p.Offers = append(p.Offers, added)
}

// wildcard is one of a pattern of [net/http.ServeMux].
var wildcard = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)(?:\.\.\.)?\}`)

// template is the path of a pattern with each wildcard in braces.
func template(path string) string {
	return wildcard.ReplaceAllString(strings.TrimSuffix(path, "{$}"), "{$1}")
}

// inPath are the wildcards of a pattern. Each has its name for an example: a request for it is
// answered with the terms.
func inPath(path string) (all []parameter) {
	for _, match := range wildcard.FindAllStringSubmatch(path, -1) {
		all = append(all, parameter{Name: match[1], In: "path", Required: true, Schema: map[string]string{"type": "string"}, Example: match[1]})
	}
	return all
}

func inQuery(known map[string]jsontext.Value) (all []parameter) {
	for _, name := range slices.Sorted(maps.Keys(known)) {
		all = append(all, parameter{Name: name, In: "query", Schema: json.RawMessage(known[name])})
	}
	return all
}
