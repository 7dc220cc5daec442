package extension_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

func TestAPageOfAListIsWrittenAsTheStandardsClientReadsIt(t *testing.T) {
	page := extension.DiscoveryList{X402Version: x402.Version, Pagination: extension.DiscoveryPage{Limit: 20, Offset: 40, Total: 41}, Items: []extension.DiscoveryResource{{
		Resource: "https://shop.example/items/:id", Type: extension.DiscoveryHTTP, X402Version: x402.Version, Accepts: []x402.Requirements{},
		LastUpdated: time.Unix(1_790_000_000, 0).UTC(), Extensions: x402.Extensions{extension.NameBazaar: jsontext.Value(`{"info":{}}`)},
	}}}
	got, err := json.Marshal(page)
	const want = `{"x402Version":2,"items":[{"resource":"https://shop.example/items/:id","type":"http","x402Version":2,"accepts":[],"lastUpdated":"2026-09-21T14:13:20Z",` +
		`"extensions":{"bazaar":{"info":{}}}}],"pagination":{"limit":20,"offset":40,"total":41}}`
	if err != nil || string(got) != want {
		t.Errorf("written as %s, %v", got, err)
	}
}

func TestWhatIsAskedOfAListIsBounded(t *testing.T) {
	for query, want := range map[string]extension.DiscoveryQuery{
		"":                                {Limit: extension.DefaultDiscoveryItems},
		"type=mcp&limit=5&offset=10":      {Type: extension.DiscoveryMCP, Limit: 5, Offset: 10},
		"limit=100000&payTo=0xa&scheme=b": {PayTo: "0xa", Scheme: "b", Limit: extension.MaxDiscoveryItems},
		"network=c&extensions=bazaar":     {Network: "c", Extension: "bazaar", Limit: extension.DefaultDiscoveryItems},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := extension.ParseDiscoveryQuery(values); err != nil || got != want {
			t.Errorf("%q is read as %+v, %v", query, got, err)
		}
	}
	for _, query := range []string{"type=ftp", "limit=0", "limit=-1", "limit=1.5", "offset=-1", "offset=99999999999999999999"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := extension.ParseDiscoveryQuery(values); !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("%q is read as %+v, %v", query, got, err)
		}
	}
}
