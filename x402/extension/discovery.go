package extension

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/chitpay/chit/x402"
)

// Pages of [DiscoveryList] have so many items where nobody says how many, and at most.
const (
	DefaultDiscoveryItems = 20
	MaxDiscoveryItems     = 100
)

// DiscoveryResource is something that is sold, as a facilitator lists it.
type DiscoveryResource struct {
	// Resource is its URL.
	Resource string `json:"resource"`
	// Type is [DiscoveryMCP] or [DiscoveryHTTP].
	Type string `json:"type"`
	// X402Version is the version of the protocol that its seller speaks.
	X402Version int `json:"x402Version"`
	// Accepts are the ways to pay for it.
	Accepts []x402.Requirements `json:"accepts"`
	// LastUpdated is when it was seen last.
	LastUpdated time.Time `json:"lastUpdated"`
	// Description, MimeType, ServiceName, Tags and IconURL are as in [x402.Resource].
	Description string   `json:"description,omitzero"`
	MimeType    string   `json:"mimeType,omitzero"`
	ServiceName string   `json:"serviceName,omitzero"`
	Tags        []string `json:"tags,omitzero"`
	IconURL     string   `json:"iconUrl,omitzero"`
	// Extensions are those of its terms, such as [NameBazaar].
	Extensions x402.Extensions `json:"extensions,omitzero"`
}

// DiscoveryList is a page of what a facilitator lists: the answer to GET /discovery/resources.
// Items, and what each accepts, are lists also where they are empty: nil would be null.
type DiscoveryList struct {
	X402Version int                 `json:"x402Version"`
	Items       []DiscoveryResource `json:"items"`
	Pagination  DiscoveryPage       `json:"pagination"`
}

// DiscoveryPage says which items a [DiscoveryList] has: Limit at most, from Offset, of Total.
type DiscoveryPage struct {
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
	Total  int `json:"total"`
}

// DiscoveryQuery is what of a list is asked for. Empty texts ask for all.
type DiscoveryQuery struct {
	// Type is [DiscoveryMCP] or [DiscoveryHTTP].
	Type string
	// PayTo, Scheme and Network are of a way to pay, all of the same one.
	PayTo, Scheme, Network string
	// Extension is the name of one that it has.
	Extension string
	// Limit is 1 to [MaxDiscoveryItems], Offset 0 or more.
	Limit, Offset int
}

// ParseDiscoveryQuery reads the query of GET /discovery/resources. A limit above
// [MaxDiscoveryItems] is cut to that. Errors wrap [x402.ErrMalformed].
func ParseDiscoveryQuery(from url.Values) (DiscoveryQuery, error) {
	q := DiscoveryQuery{
		Type: from.Get("type"), PayTo: from.Get("payTo"), Scheme: from.Get("scheme"), Network: from.Get("network"), Extension: from.Get("extensions"),
		Limit: DefaultDiscoveryItems,
	}
	if !slices.Contains([]string{"", DiscoveryMCP, DiscoveryHTTP}, q.Type) {
		return q, x402.Malformed("type", strconv.Quote(q.Type[:min(len(q.Type), 40)]), "mcp or http")
	}
	for _, number := range []struct {
		name  string
		to    *int
		least int
	}{{"limit", &q.Limit, 1}, {"offset", &q.Offset, 0}} {
		text := from.Get(number.name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || int(n) < number.least {
			return q, x402.Malformed(number.name, strconv.Quote(text[:min(len(text), 40)]), "a whole number from "+strconv.Itoa(number.least))
		}
		*number.to = int(n)
	}
	q.Limit = min(q.Limit, MaxDiscoveryItems)
	return q, nil
}
