package main_test

import (
	"strings"
	"testing"
)

func TestRevokingGrantsBesideCallsAccusesNobodyAndLosesNoAnswer(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	const calls = 12
	answers := make(chan outcome)
	go func() {
		for range calls {
			answers <- h.run(t, "call", "hash", "text=abc", server)
		}
		close(answers)
	}()
	answered := 0
	for more := true; more; {
		token := strings.TrimSpace(h.ok(t, "credit", "grant", server, "--budget", "0.01", "--label", "beside"))
		if token == "" {
			t.Fatal("no token was granted")
		}
		for _, g := range decode[[]struct{ ID, Ended string }](t, h.ok(t, "credit", "list", "--json", server)) {
			if g.Ended == "" {
				h.ok(t, "credit", "revoke", g.ID, server)
			}
		}
		var got outcome
		for range 2 {
			if got, more = <-answers; more {
				answered++
				if got.code != 0 || !strings.HasPrefix(got.stdout, "ba7816bf") {
					t.Errorf("a call beside it: %+v", got)
				}
			}
		}
	}
	if answered != calls {
		t.Errorf("%d of %d calls were answered", answered, calls)
	}
	spent := decode[struct {
		Spent struct{ Total, OnItsWay, Disputed string }
	}](t, h.ok(t, "budget", "--json", server)).Spent
	if spent.Total != "6000" || spent.OnItsWay+spent.Disputed != "" {
		t.Errorf("after %d calls of 0.0005 USDC the budget has %+v", calls, spent)
	}
	if out := words(h.ok(t, "balance")); !strings.Contains(out, "1 0.006") || !strings.Contains(out, "0.994") {
		t.Errorf("the balance is\n%s", out)
	}
}
