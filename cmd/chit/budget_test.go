package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/agent"
)

func TestEveryCommandOfThePayerSaysThatItsBookIsDamagedAndLeavesIt(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	path := filepath.Join(h.dir, "data", "dev", "agent.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"an empty one": {}, "one that is cut off": whole[:len(whole)/2]} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{
			"balance", "budget", "receipts", "recover " + server, "refund " + server, "withdraw start --yes", "withdraw status", "deposit 1 " + server,
			"call hash text=a " + server, "credit grant --budget 0.01 " + server, "credit list " + server,
		} {
			got := h.run(t, strings.Fields(command)...)
			if got.code != 1 || !strings.Contains(got.stderr, "agent.db") || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("with %s `chit %s` gives %+v", name, command, got)
			}
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, text) {
			t.Errorf("%s was changed, %v", name, err)
		}
	}
}

func TestTheBudgetShowsWhatTopUpsMayStillMoveToday(t *testing.T) {
	h, server := sold(t, "budget: {topUpPerDay: 5}\ntopUp: {amount: 2}\n")
	left := func(want string) {
		t.Helper()
		if out := words(h.ok(t, "budget", server)); !strings.Contains(out, "(budget.topUpPerDay) 5 "+want) {
			t.Errorf("of 5 USDC a day for top-ups are left %s:\n%s", want, out)
		}
	}
	left("5")
	h.ok(t, "call", "hash", "text=abc", server)
	left("3")
	h.ok(t, "deposit", "7", server) // typed, so that it is not one of them
	left("3")
	b := decode[struct{ Limits []agent.LimitLeft }](t, h.ok(t, "budget", "--json", server))
	if last := b.Limits[len(b.Limits)-1]; last.Most != 5_000_000 || last.Remaining != 3_000_000 || !strings.Contains(last.Limit, "topUpPerDay") {
		t.Errorf("as JSON: %+v", b.Limits)
	}
}

func TestADepositThatIsTypedForACallIsNoTopUp(t *testing.T) {
	h, server := sold(t, "budget: {topUpPerDay: 1}\n")
	h.ok(t, "call", "hash", "text=abc", "--deposit", "4", server)
	if out := words(h.ok(t, "budget", server)); !strings.Contains(out, "(budget.topUpPerDay) 1 1") {
		t.Errorf("after a typed deposit of 4 USDC:\n%s", out)
	}
}
