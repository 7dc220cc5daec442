package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALostBookComesBackFromTheChainWhenTheServerIsGone(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	serve := h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	server := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "2", server)
	h.ok(t, "call", "text_stats", "text=x", server)
	if err := os.Remove(filepath.Join(h.dir, "data", "dev", "agent.db")); err != nil {
		t.Fatal(err)
	}
	type found struct {
		From     string
		Channels []struct{ Charged, Balance string }
	}
	if got := decode[found](t, h.ok(t, "recover", server, "--json")); got.From != "server" || len(got.Channels) != 1 || got.Channels[0].Charged != "1000" {
		t.Errorf("recovered %+v", got)
	}
	if code := serve.interrupt(t); code != 0 {
		t.Fatalf("serve ends with %d\n%s", code, serve.out)
	}
	if err := os.Remove(filepath.Join(h.dir, "data", "dev", "agent.db")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"recover", server}, {"recover", "--chain"}, {"recover", "--chain", "--from-block", "1"}} {
		got := h.run(t, args...)
		if got.code != 0 || !strings.Contains(got.stdout, "deposited 2 USDC, spent 0 USDC") || !strings.Contains(got.stderr, "100 % of the blocks") || strings.Contains(got.stderr, "\r") {
			t.Errorf("chit %s: %+v", strings.Join(args, " "), got)
		}
	}
	if got := decode[found](t, h.ok(t, "recover", "--chain", "--json")); got.From != "chain" || len(got.Channels) != 1 || got.Channels[0].Balance != "2000000" {
		t.Errorf("recovered %+v", got)
	}
	if out := h.ok(t, "recover", "--chain", "--from-block", "1000000"); !strings.Contains(out, "knows of no channel") {
		t.Errorf("beyond the chain's end recover prints %q", out)
	}
	if out := h.ok(t, "withdraw", "start"); !strings.Contains(out, "announced 2 USDC") {
		t.Errorf("withdraw start prints %q", out)
	}
}

func TestAnOldBookIsRecoveredOnlyWithItsOwnersWord(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	server := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "2", server)
	h.ok(t, "call", "text_stats", "text=x", server)
	book := filepath.Join(h.dir, "data", "dev", "agent.db")
	old, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	h.ok(t, "call", "text_stats", "text=x", server)
	h.ok(t, "call", "text_stats", "text=x", server)
	if err := os.RemoveAll(book + ".live"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(book, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := h.run(t, "call", "text_stats", "text=x", server); got.code != 1 || !strings.Contains(got.stderr, "chit recover") {
		t.Errorf("a call with an old book: %+v", got)
	}
	if got := h.run(t, "recover", server); got.code != 2 || !strings.Contains(got.stderr, "0.002 USDC signed") || !strings.Contains(got.stderr, "0.003 USDC charged") || !strings.Contains(got.stderr, "--yes") {
		t.Errorf("a recovery that nobody agrees to: %+v", got)
	}
	if out := h.ok(t, "recover", server, "--yes"); !strings.Contains(out, "spent 0.003 USDC") {
		t.Errorf("recover prints %q", out)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(out, "0.003 USDC in all") {
		t.Errorf("budget prints %q", out)
	}
	h.ok(t, "call", "text_stats", "text=x", server)
}
