package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withToken is a command of an agent that has a token, and a home without a profile.
func withToken(t testing.TB, token string, args ...string) outcome {
	t.Helper()
	c := newHome(t).command(args...)
	c.Env = append(c.Env, "CHIT_CREDIT="+token)
	return finish(t, c)
}

func TestABudgetIsHandedOutByHand(t *testing.T) {
	h, url := sold(t, "")
	if early := h.run(t, "credit", "grant", "--budget", "1", url); early.code != 1 || !strings.Contains(early.stderr, "chit deposit") {
		t.Errorf("a grant without a channel: %+v", early)
	}
	h.ok(t, "deposit", "10", url)
	token := strings.TrimSpace(h.ok(t, "credit", "grant", url, "--budget", "0.005", "--tools", "hash,primes,text*", "--per-call", "0.002", "--calls", "100", "--rate", "0.004/1h", "--label", "swarm"))
	if !strings.HasPrefix(token, "chit_") || strings.Contains(token, "\n") {
		t.Fatalf("the grant printed %q", token)
	}
	paysWithin(t, token, url)
	sub := h.narrows(t, token, url)
	list := decode[[]map[string]any](t, h.ok(t, "credit", "list", url, "--json"))
	if len(list) != 1 || list[0]["label"] != "swarm" || list[0]["spent"] != "2500" {
		t.Fatalf("the list is %v", list)
	}
	id := list[0]["id"].(string)
	if out := h.ok(t, "credit", "top-up", id, "0.01", url); !strings.Contains(out, "0.0125 USDC left") {
		t.Errorf("top-up says %q", out)
	}
	if out := h.ok(t, "call", "hash", "text=abc", url); !strings.HasPrefix(out, "ba7816bf") {
		t.Errorf("a voucher after the grants: %q", out)
	}
	h.revokes(t, id, token, sub, url)
	if out := h.ok(t, "refund", url, "--json"); decode[map[string]any](t, out)["amount"] != "9996500" {
		t.Errorf("the refund is %s", out)
	}
}

// paysWithin makes a call that the token allows, and some that it does not.
func paysWithin(t testing.TB, token, url string) {
	t.Helper()
	if out := withToken(t, token, "call", "primes", "limit:=100", url); out.code != 0 || !strings.HasPrefix(out.stdout, "below=100") || !strings.Contains(out.stderr, "0.003 USDC are left") {
		t.Errorf("a call on the token: %+v", out)
	}
	if out := withToken(t, token, "call", "identicon", "text=x", url); out.code != 1 || !strings.Contains(out.stderr, "tool_not_allowed") || !strings.Contains(out.stderr, "hash (0.0005 USDC)") || strings.Contains(out.stderr, token) {
		t.Errorf("a call of another tool: %+v", out)
	}
	if out := withToken(t, token, "call", "primes", "limit:=100", "--max-price", "0.001", url); out.code != 1 || !strings.Contains(out.stderr, "per_call_exceeded") {
		t.Errorf("a call above its highest price: %+v", out)
	}
}

// narrows makes a narrower token of one, and spends on it.
func (h home) narrows(t testing.TB, token, url string) (sub string) {
	t.Helper()
	narrow := withToken(t, token, "credit", "attenuate", "--budget", "0.001", "--tools", "hash", "--expires", "1h")
	if narrow.code != 0 {
		t.Fatalf("attenuate: %+v", narrow)
	}
	sub = strings.TrimSpace(narrow.stdout)
	if wide := h.run(t, "credit", "attenuate", token, "--budget", "6"); wide.code != 1 || !strings.Contains(wide.stderr, "can only be narrowed") {
		t.Errorf("a wider token: %+v", wide)
	}
	if out := withToken(t, sub, "call", "hash", "text=abc", url, "--json"); out.code != 0 || decode[map[string]any](t, out.stdout)["credit"].(map[string]any)["remaining"] != "500" {
		t.Errorf("a call on the narrower token: %+v", out)
	}
	shown := withToken(t, sub, "credit", "inspect", url)
	for _, want := range []string{"budget 0.005 USDC", "0.0025 USDC", "rate 0.004 USDC in 1h0m0s", "0.0015 USDC", "calls 100", "98", "budget 0.001 USDC", "0.0005 USDC", "tools hash"} {
		if !strings.Contains(shown.stdout, want) {
			t.Errorf("inspect shows no %q:\n%s%s", want, shown.stdout, shown.stderr)
		}
	}
	if out := h.ok(t, "credit", "inspect", "--offline", sub); !strings.Contains(out, "per call 0.002 USDC") || strings.Contains(out, "chit_") {
		t.Errorf("inspect offline shows\n%s", out)
	}
	return sub
}

// revokes ends the narrower token, then the grant with every token of it.
func (h home) revokes(t testing.TB, id, token, sub, url string) {
	t.Helper()
	if out := h.ok(t, "credit", "revoke", sub, url); !strings.Contains(out, "goes on") {
		t.Errorf("revoking the narrower token says %q", out)
	}
	if out := withToken(t, sub, "call", "hash", "text=abc", url); out.code != 1 || !strings.Contains(out.stderr, "revoked") {
		t.Errorf("a call on the revoked token: %+v", out)
	}
	if out := h.ok(t, "credit", "revoke", id, url); !strings.Contains(out, "0.0025 USDC were spent") {
		t.Errorf("revoking the grant says %q", out)
	}
	if out := words(h.ok(t, "balance")); !strings.Contains(out, "10 0.003 0 0 9.997") { // what the grant gave back is there again
		t.Errorf("the balance after the end of the grant is\n%s", out)
	}
	if out := withToken(t, token, "call", "hash", "text=abc", url); out.code != 1 || !strings.Contains(out.stderr, "revoked") {
		t.Errorf("a call after the end of the grant: %+v", out)
	}
	if out := h.ok(t, "call", "hash", "text=abc", url); !strings.HasPrefix(out, "ba7816bf") {
		t.Errorf("a voucher after the end of the grant: %q", out)
	}
}

func TestAGrantTopsUpNoFurtherThanTheProfileSays(t *testing.T) {
	h, server := sold(t, "")
	profile, err := os.ReadFile(filepath.Join(h.dir, "profiles", "dev.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	h.ok(t, "deposit", "0.1", server)
	for _, test := range []struct{ lines, budget, refused string }{
		{"topUp: {amount: 1}\nbudget: {deposit: 0.5}\n", "0.3", "the limit for one deposit is 0.5 USDC"},
		{"topUp: {amount: 900}\n", "4", "budget.deposit"},
		{"topUp: {amount: 1}\nbudget: {deposit: 50}\n", "4", "topUp.amount"},
		{"topUp: {amount: 1}\nbudget: {topUpPerDay: 0.5}\n", "0.3", "budget.topUpPerDay"},
		{"topUp: {amount: 1}\nbudget: {deposit: 1}\n", "0.3", ""},
	} {
		if err := os.WriteFile(filepath.Join(h.dir, "profiles", "dev.yaml"), append(slices.Clone(profile), test.lines...), 0o600); err != nil {
			t.Fatal(err)
		}
		got, balance := h.run(t, "credit", "grant", server, "--budget", test.budget), words(h.ok(t, "balance"))
		if test.refused == "" {
			if got.code != 0 || !strings.Contains(balance, "1.1 0 0.3 0 0.8") {
				t.Errorf("a grant of %s came to %+v, with\n%s", test.budget, got, balance)
			}
			continue
		}
		if got.code == 0 || got.stdout != "" || !strings.Contains(got.stderr, test.refused) || !strings.Contains(balance, "0.1 0 0 0 0.1") {
			t.Errorf("with %q a grant of %s came to %+v, with\n%s", test.lines, test.budget, got, balance)
		}
	}
}

func TestTheBalanceSaysWhatARevokedGrantLeavesWithTheServer(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	h.ok(t, "credit", "grant", server, "--budget", "0.3")
	if out := words(h.ok(t, "balance")); strings.Contains(out, "holds a voucher") || !strings.Contains(out, "1 0 0.3 0 0.7") {
		t.Errorf("with the grant it prints\n%s", out)
	}
	list := decode[[]struct{ ID string }](t, h.ok(t, "credit", "list", server, "--json"))
	h.ok(t, "credit", "revoke", list[0].ID, server)
	for _, step := range []struct{ says, more string }{{"1 0 0 0 1", "0.3"}, {"1 0.0005 0 0 0.9995", "0.2995"}} {
		out := words(h.ok(t, "balance"))
		if !strings.Contains(out, step.says) || !strings.Contains(out, "holds a voucher with which it could take 0.3 USDC, "+step.more+" USDC more than was spent; a revoked grant leaves one") {
			t.Errorf("once it is revoked it prints\n%s", out)
		}
		h.ok(t, "call", "hash", "text=abc", server) // paid with what is signed
	}
}

func TestBadCreditCommandsSayWhatToDo(t *testing.T) {
	h := newHome(t)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"credit", "grant"}, 2, "--budget is missing"},
		{[]string{"credit", "grant", "--budget", "0"}, 1, "nothing could be spent"},
		{[]string{"credit", "grant", "--budget", "1", "--rate", "1"}, 1, "0.50/1h"},
		{[]string{"credit", "grant", "--budget", "1", "--expires", "-1h"}, 2, "such as 24h"},
		{[]string{"credit", "attenuate"}, 2, "set CHIT_CREDIT"},
		{[]string{"credit", "attenuate", "chit_AAAA", "--budget", "1"}, 1, "malformed credit token"},
		{[]string{"credit", "inspect", "chit_%", "--offline"}, 1, "malformed credit token"},
		{[]string{"credit", "revoke"}, 2, "GRANT|TOKEN"},
		{[]string{"credit", "revoke", "abc"}, 1, "32 hex digits"},
		{[]string{"credit", "top-up", strings.Repeat("0", 32)}, 2, "GRANT AMOUNT"},
		{[]string{"credit", "top-up", strings.Repeat("0", 32), "0"}, 1, "a top-up of nothing"},
		{[]string{"credit", "nonsense"}, 2, "no command"},
	} {
		if got := h.run(t, test.args...); got.code != test.code || !strings.Contains(got.stderr, test.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("chit %s: %+v, want %d and %q", strings.Join(test.args, " "), got, test.code, test.want)
		}
	}
}
