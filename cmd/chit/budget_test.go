package main_test

import (
	"strings"
	"testing"

	"github.com/chitpay/chit/agent"
)

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
