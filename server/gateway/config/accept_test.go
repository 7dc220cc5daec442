package config_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/offer"
)

func TestTheConfigOfTheWalletsPageIsTaken(t *testing.T) {
	page, err := os.ReadFile("../../../docs/WALLETS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```yaml\n")
	shown, _, _ := strings.Cut(after, "```")
	c, err := config.Load(writeConfig(t, shown+"upstreams:\n  web:\n    url: http://127.0.0.1:1/mcp\n    prices: {a: {base: 0.01, accept: [exact]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (offer.Accept{offer.BatchSettlement, offer.Upto, offer.Exact, offer.MPP}); !reflect.DeepEqual(c.Accept, want) {
		t.Errorf("it accepts %v", c.Accept)
	}
	want := exact.Policy{Surcharge: 2_000, Wait: 45 * time.Second, Trust: exact.Trust{PerPayer: 100_000, Total: 5_000_000}}
	if !reflect.DeepEqual(*c.Exact, want) {
		t.Errorf("it takes transfers by %+v", *c.Exact)
	}
	if a := c.Upstreams[0].Prices["a"].Accept; !reflect.DeepEqual(a, offer.Accept{offer.Exact}) {
		t.Errorf("a is sold by %v", a)
	}
}

func TestAProblemOfTheWaysToPaySaysFileLineAndKey(t *testing.T) {
	const rest = "\nupstreams:\n  web:\n    url: http://127.0.0.1:1/mcp\n"
	for name, c := range map[string]struct{ text, says string }{
		"a way that there is not":   {"accept: [cash]", `"cash", want some of batch-settlement, upto, exact, mpp`},
		"one that is named twice":   {"accept: [exact, exact]", "exact is named twice"},
		"a half of trust":           {"exact: {trust: {perPayer: 0.1}}", "set both or none"},
		"more for one than for all": {"exact: {trust: {perPayer: 2, total: 1}}", "which is more than total"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := config.Load(writeConfig(t, c.text+rest)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, want %q", err, c.says)
			}
		})
	}
}
