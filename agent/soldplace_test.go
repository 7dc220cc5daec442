package agent_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestAClientTakesTheReceiptOfAPageHoweverItsSellerNamesThePlace(t *testing.T) {
	long := "/" + strings.Repeat("x", 2000)
	for name, test := range map[string]struct {
		base, resource string
		path           string
		taken          bool
	}{
		"by the path":                         {path: "/today", taken: true},
		"by the path of the root":             {path: "", taken: true},
		"by a path like a host":               {path: "//bank.example/today", taken: true},
		"by a path with a URL in it":          {path: "/http://bank.example/today", taken: true},
		"by a long path":                      {path: long, taken: true},
		"below a base URL":                    {base: "https://shop.example", path: "/today", taken: true},
		"below a base URL, by a long path":    {base: "https://shop.example", path: long, taken: true},
		"below a base URL, by the root":       {base: "https://shop.example", path: "", taken: true},
		"by a URL of the seller's":            {resource: "http://shop.example/today", path: "/today", taken: true},
		"by another path":                     {resource: "/yesterday", path: "/today"},
		"by a URL of another path":            {resource: "https://shop.example/yesterday", path: "/today"},
		"by a path that ends in the right":    {resource: "/http://shop.example/today", path: "/today"},
		"by another scheme":                   {resource: "mcp://tool/today", path: "/today"},
		"below a base URL with a path of its": {base: "https://shop.example/api", path: "/today"},
	} {
		t.Run(name, func(t *testing.T) {
			sells := shoptest.Options(t)
			sells.BaseURL = test.base
			shop := shoptest.Open(t, sells)
			offer := server.HTTPOffer{Name: "all", Price: func() vouchers.Amount { return price }}
			offer.Resource.URL = test.resource
			web := httptest.NewServer(shop.SellHTTP(offer)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
			t.Cleanup(web.Close)
			o := options(t)
			o.TopUp.Amount = usdc
			client := visit(t, web.URL, o)
			_, receipt, err := client.Do(t.Context(), agent.HTTPRequest{URL: web.URL + test.path})
			if err != nil || receipt.Charged != price || (receipt.Signed != nil) != test.taken {
				t.Errorf("the receipt is %+v, signed %+v, %v", receipt, receipt.Signed, err)
			}
		})
	}
}
