package main_test

import (
	"strings"
	"testing"
)

func TestTheFirstCallsOfAPayerAreFreeByHand(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0", "--free-calls", "1", "--free-per", "8760h")
	url := "--server=http://" + address + "/mcp"
	if out := words(h.ok(t, "tools", url)); !strings.Contains(out, "text_stats up to 0.001 ") || !strings.Contains(out, "now free ") {
		t.Errorf("the tools are %s", out)
	}
	h.ok(t, "deposit", "1", url)
	for _, want := range []string{"0", "0.001"} {
		h.ok(t, "call", url, "text_stats", "text=a b c")
		if out := words(h.ok(t, "balance")); !strings.Contains(out, " 1 "+want+" ") {
			t.Errorf("after it the balance is %s, want %s spent", out, want)
		}
	}
}
