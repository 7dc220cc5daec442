package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/gateway/config"
)

func TestTheConfigOfThePageOfReadsIsTaken(t *testing.T) {
	page, err := os.ReadFile("../../../docs/READS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```yaml\n")
	shown, _, _ := strings.Cut(after, "```")
	c, err := config.Load(writeConfig(t, shown))
	if err != nil {
		t.Fatal(err)
	}
	for pattern, most := range map[string]uint64{"search": 1_000, "resource:docs://*": 2_000, "resource:docs://free/*": 0, "prompt:review": 5_000} {
		if price, there := c.Prices[pattern]; !there || uint64(price.Most) != most {
			t.Errorf("%s costs %s", pattern, price)
		}
	}
	for name, pattern := range map[string]string{
		"docs://x": "resource:docs://*", "docs://free/x": "resource:docs://free/*",
	} {
		if got, _ := c.Prices.Pattern("resource:" + name); got != pattern {
			t.Errorf("%s goes by %q, want %q", name, got, pattern)
		}
	}
	if price := c.Upstreams[0].Prices["resource:docs://archive/*"]; price.Most != 10_000 {
		t.Errorf("the archive costs %s", price)
	}
}

func TestAPriceOfAReadSaysNothingThatItCannot(t *testing.T) {
	const rest = "}\nupstreams:\n  web:\n    url: http://127.0.0.1:1/mcp\n"
	for text, says := range map[string]string{
		"prices: {'resource:*': {max: 0.01, metered: true}":                   "metered is for tools and routes",
		"prices: {'prompt:*': {max: 0.01, metered: true}":                     "metered is for tools and routes",
		"prices: {'resource:*': {max: 0.01, per: {argument: n, unit: 0.001}}": "per is for tools, prompts and routes",
		"prices: {'resource:[a]*': 0.01":                                      "there are no classes",
	} {
		if _, err := config.Load(writeConfig(t, text+rest)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s is told %v, want %q", text, err, says)
		}
	}
}
