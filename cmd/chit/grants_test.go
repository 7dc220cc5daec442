package main_test

import (
	"strings"
	"testing"
)

// shownGrant is what `chit grants --json` says of a grant.
type shownGrant struct {
	ID, Label, Spent, Ended, Returned string
	History                           []shownEvent
}

type shownEvent struct{ What, By, Amount string }

// grants lists the grants by their labels.
func (h home) grants(t testing.TB, args ...string) map[string]shownGrant {
	t.Helper()
	found := map[string]shownGrant{}
	for _, g := range decode[[]shownGrant](t, h.ok(t, append([]string{"grants", "list", "--json"}, args...)...)) {
		found[g.Label] = g
	}
	return found
}

func TestTheSellerLooksAfterGrantsWithAndWithoutAServer(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	serve := h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "10", url)
	tokens := map[string]string{}
	for _, label := range []string{"swarm", "crowd"} {
		tokens[label] = strings.TrimSpace(h.ok(t, "credit", "grant", url, "--budget", "0.005", "--tools", "primes", "--label", label))
	}
	withToken(t, tokens["swarm"], "call", "primes", "limit:=100", url)
	live := h.grants(t)
	if len(live) != 2 || live["swarm"].Spent != "2000" || live["crowd"].Ended != "" {
		t.Errorf("the grants are %+v", live)
	}
	swarm, crowd := live["swarm"].ID, live["crowd"].ID
	h.ok(t, "credit", "top-up", swarm, "0.01", url)
	h.showsToBoth(t, swarm, url)
	h.endsAGrant(t, swarm, tokens["swarm"], url)
	if out := h.ok(t, "grants", "rotate-key", "--yes"); !strings.Contains(out, "root key 2") {
		t.Errorf("rotate-key prints %q", out)
	}
	if out := withToken(t, tokens["crowd"], "call", "primes", "limit:=100", url); out.code != 0 {
		t.Errorf("a token of before the new key: %+v", out)
	}

	if code := serve.interrupt(t); code != 0 {
		t.Errorf("serve ends with %d\n%s", code, serve.out)
	}
	h.looksAfterGrantsAlone(t, swarm, crowd)
}

// showsToBoth holds that the seller and the payer see the same of a topped up grant.
func (h home) showsToBoth(t testing.TB, id, url string) {
	t.Helper()
	for who, out := range map[string]string{"the seller": h.ok(t, "grants", "show", id), "the payer": h.ok(t, "credit", "inspect", id, url)} {
		for _, want := range []string{"swarm", "budget 0.015 USDC, spent 0.002 USDC, left 0.013 USDC", "tools primes", "granted", "topped_up", "0.01 ", "payer"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s sees no %q:\n%s", who, want, out)
			}
		}
	}
}

// endsAGrant revokes a grant of two at the running server, once it is told yes.
func (h home) endsAGrant(t testing.TB, id, token, url string) {
	t.Helper()
	if got := h.run(t, "grants", "revoke", id); got.code != 2 || !strings.Contains(got.stderr, "--yes") || len(h.grants(t)) != 2 {
		t.Errorf("revoked without a yes: %+v", got)
	}
	if out := h.ok(t, "grants", "revoke", id, "--yes"); !strings.Contains(out, "0.002 USDC were spent, 0.013 USDC returned") {
		t.Errorf("revoke prints %q", out)
	}
	if out := withToken(t, token, "call", "primes", "limit:=100", url); out.code != 1 || !strings.Contains(out.stderr, "revoked") {
		t.Errorf("a call after the end of the grant: %+v", out)
	}
}

// looksAfterGrantsAlone holds that grants are listed and ended where no server runs.
func (h home) looksAfterGrantsAlone(t testing.TB, ended, live string) {
	t.Helper()
	if out := h.ok(t, "grants", "list"); !strings.Contains(out, live) || strings.Contains(out, ended) {
		t.Errorf("without a server the list is\n%s", out)
	}
	if out := h.ok(t, "grants", "rotate-key", "--yes", "--json"); decode[map[string]int](t, out)["key"] != 3 {
		t.Errorf("without a server the key is %s", out)
	}
	if out := h.ok(t, "grants", "revoke", live, "--yes", "--json"); decode[shownGrant](t, out).Returned != "3000" {
		t.Errorf("without a server revoked %s", out)
	}
	history := h.grants(t, "--all")["crowd"].History
	if want := (shownEvent{What: "revoked", By: "operator"}); len(history) != 3 || history[1] != want || history[2].Amount != "3000" {
		t.Errorf("the history is %+v", history)
	}
}

func TestBadGrantsCommandsSayWhatToDo(t *testing.T) {
	h := newHome(t)
	none := strings.Repeat("0", 32)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"grants", "show"}, 2, "GRANT"},
		{[]string{"grants", "show", "abc"}, 2, "chit grants list --all"},
		{[]string{"grants", "revoke", none}, 2, "--yes"},
		{[]string{"grants", "rotate-key"}, 2, "--yes"},
		{[]string{"grants", "list", "all"}, 2, "1 arguments"},
	} {
		if got := h.run(t, test.args...); got.code != test.code || !strings.Contains(got.stderr, test.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("chit %s: %+v, want %d and %q", strings.Join(test.args, " "), got, test.code, test.want)
		}
	}
	h.start(t, "is ready", "dev", "--port", "0")
	h.start(t, "selling on", "serve", "--listen", freeAddress(t), "--settle-every", "0")
	for _, args := range [][]string{{"grants", "show", none}, {"grants", "revoke", none, "--yes"}} {
		if got := h.run(t, args...); got.code != 1 || !strings.Contains(got.stderr, "no such grant") || !strings.Contains(got.stderr, "chit grants list") {
			t.Errorf("chit %s: %+v", strings.Join(args, " "), got)
		}
	}
}
