package config_test

import (
	"reflect"
	"testing"

	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/pricing"
)

func TestAPriceByAnArgumentIsReadAndPrinted(t *testing.T) {
	c, err := config.Load(writeConfig(t, `
prices:
  echo: 0.001
  now: 0
  render: {base: 0.001, per: {argument: count, unit: "0.0001", default: 3}, max: 0.05}
  "s*": {per: {argument: text, of: text, unit: 0.000001}, max: 1, metered: true, onFailure: charge, onCancel: charge, free: {calls: 10, amount: 0.5, per: 24h}}
upstreams:
  web:
    url: https://example.com/mcp
    prices: {llm: {max: 0.05, metered: true}}
routes:
  - {path: /a, upstream: "http://127.0.0.1:1", price: {base: 0.002, free: {calls: 2}}}
  - {path: /b, upstream: "http://127.0.0.1:1", price: 0.01}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"echo", "0.001"}, {"now", "free"}, {"render", "0.001 + 0.0001 per count, at most 0.05"},
		{"s*", "0.000001 per text, at most 1, metered, failures too, cancelled calls too, 10 calls free, 0.5 free every 24h0m0s"},
		{"web: llm", "up to 0.05, metered"}, {"GET /a", "0.002, 2 calls free"}, {"GET /b", "0.01"},
	}
	if got := c.PriceTable(); !reflect.DeepEqual(got, want) {
		t.Errorf("the prices are\n%v, want\n%v", got, want)
	}
	if p := c.Prices["render"]; p.Most != 50_000 || p.Base != 1_000 || p.Per.Argument != "count" || p.Per.Of != pricing.OfNumber || p.Per.Unit != 100 || *p.Per.Default != 3 {
		t.Errorf("a price is %+v", p)
	}
}
