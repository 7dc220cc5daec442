package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/agent/book"
)

func TestWhatIsDisputedIsShownWithItsChannel(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "2", server)
	h.ok(t, "call", "hash", "text=abc", server)
	book, err := book.Open(t.Context(), filepath.Join(h.dir, "data", "dev", "agent.db"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := book.Channels()
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	entries[0].Disputed = 3_000
	if err := book.Put(entries[0]); err != nil {
		t.Fatal(err)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(out, "0.003 USDC are disputed") {
		t.Errorf("the budget is\n%s", out)
	}
	if spent := decode[struct{ Spent struct{ Disputed string } }](t, h.ok(t, "budget", "--json", server)).Spent; spent.Disputed != "3000" {
		t.Errorf("the budget has %+v", spent)
	}
	if out := h.ok(t, "balance"); !strings.Contains(out, "has charged 0.003 USDC that no call explains") {
		t.Errorf("the balance is\n%s", out)
	}
	channels := decode[struct{ Channels []struct{ Disputed string } }](t, h.ok(t, "balance", "--json")).Channels
	if len(channels) != 1 || channels[0].Disputed != "3000" {
		t.Errorf("the balance has %+v", channels)
	}
}
