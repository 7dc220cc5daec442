package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAnUpstreamThatIsDownOrWhoseNamesCannotBePricedKeepsNoOtherFromBeingSold(t *testing.T) {
	gone, poison, good := serveHTTP(t, "gone"), serveHTTP(t, "poison"), serveHTTP(t, "good")
	for _, name := range []string{"*", "a[b", "a?", "chit_refund", "echo", strings.Repeat("x", 40_000), "a\x00b", "slow/"} {
		poison.tool(name, said("poison"))
	}
	good.tool("dig", said("good"))
	down := gone.url()
	gone.down()
	s := sell(t, fmt.Sprintf("prices: {'*': 0.003}\nupstreams:\n  a: {url: %q}\n  b: {url: %q, allow: ['*'], prices: {'*': 0.002}}\n  c: {url: %q, allow: [dig], prices: {dig: 0.001}}\n",
		down, poison.url(), good.url()))
	client := s.buyer(t)
	if got := names(t, client.MCP()); !slices.Contains(got, "dig") || slices.Contains(got, "*") {
		t.Errorf("the tools are %.200v", got)
	}
	if got := textOf(t, buy(t, client, 1_000, "dig", nil)); got != "good" {
		t.Errorf("it says %q", got)
	}
	if err := s.Reload(); err != nil {
		t.Errorf("the prices are reloaded with %v", err)
	}
	if got := textOf(t, buy(t, client, 1_000, "dig", nil)); got != "good" {
		t.Errorf("after the reload it says %q", got)
	}
}
