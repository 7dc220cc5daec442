package main_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers/receipts"
)

func TestReceiptsAreListedExportedAndVerifiedOnBothSides(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	serving := h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "10", url)
	h.ok(t, "call", "hash", "text=abc", url)
	token := strings.TrimSpace(h.ok(t, "credit", "grant", url, "--budget", "1"))
	grant := decode[[]map[string]any](t, h.ok(t, "credit", "list", url, "--json"))[0]["id"].(string)
	if out := withToken(t, token, "call", "primes", "limit:=100", url); out.code != 0 {
		t.Fatalf("a call on the token: %+v", out)
	}
	h.ok(t, "call", "hash", "text=abcd", url)
	h.ok(t, "settle")

	if out := h.ok(t, "receipts"); !strings.Contains(out, "mcp://tool/hash") || !strings.Contains(out, "2 receipts, 0.001 USDC") {
		t.Errorf("before the fetch the payer has\n%s", out)
	}
	if got := h.run(t, "receipts", "verify"); got.code != 1 || !strings.Contains(got.stderr, "receipt 2: it is missing") || !strings.Contains(got.stderr, "chit receipts fetch") {
		t.Errorf("before the fetch: %+v", got)
	}
	if out := h.ok(t, "receipts", "fetch", url); !strings.HasPrefix(out, "1 receipts came") {
		t.Errorf("fetch says %q", out)
	}
	for _, side := range [][]string{nil, {"--seller"}} {
		run := func(args ...string) string { return h.ok(t, append(append([]string{"receipts"}, args...), side...)...) }
		if out := words(run("verify")); !strings.Contains(out, "3 0.003 0.003 adds up") {
			t.Errorf("verify %v says\n%s", side, out)
		}
		if all := decode[[]map[string]any](t, run("list", "--json", "--grant", grant)); len(all) != 1 || all[0]["resource"] != "mcp://tool/primes" || all[0]["charged"] != "2000" {
			t.Errorf("the token's receipts %v are %v", side, all)
		}
		if all := decode[[]map[string]any](t, run("list", "--json", "--since", "1h")); len(all) != 3 {
			t.Errorf("those of the last hour %v are %v", side, all)
		}
		if all := decode[[]map[string]any](t, run("list", "--json", "--until", "2026-01-01")); len(all) != 0 {
			t.Errorf("those of long ago %v are %v", side, all)
		}
		if rows, err := csv.NewReader(strings.NewReader(run("export", "--csv"))).ReadAll(); err != nil || len(rows) != 4 || rows[2][4] != "0.002" {
			t.Errorf("the CSV %v is %v, %v", side, rows, err)
		}
		file := filepath.Join(t.TempDir(), "receipts.jsonl")
		run("export", file)
		if out := words(newHome(t).ok(t, "receipts", "verify", file)); !strings.Contains(out, "3 0.003 0.003 adds up") {
			t.Errorf("verify of the file %v says\n%s", side, out)
		}
		verifiesOne(t, file)
		forge(t, file, `"charged":"2000"`, `"charged":"1999"`)
		if got := newHome(t).run(t, "receipts", "verify", file); got.code != 1 || !strings.Contains(got.stderr, "the receipts do not add up") || !strings.Contains(got.stderr, "receipt 2:") {
			t.Errorf("verify of a forged file %v: %+v", side, got)
		}
	}

	serving.interrupt(t)
	if out := words(h.ok(t, "receipts", "verify", "--seller")); !strings.Contains(out, "3 0.003 0.003 adds up") {
		t.Errorf("without a server: %s", out)
	}
}

// verifiesOne takes a receipt out of a file, as answers have it, and has it checked alone.
func verifiesOne(t testing.TB, file string) {
	t.Helper()
	text, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	all, err := receipts.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	word, err := all[1].Wire()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := all[1].Signer()
	if err != nil {
		t.Fatal(err)
	}
	out := newHome(t).ok(t, "receipts", "verify", "--signer", signer.Hex(), word)
	if !strings.Contains(out, "mcp://tool/primes") || !strings.Contains(out, "signed by "+signer.Hex()) {
		t.Errorf("a receipt alone: %s", out)
	}
	if got := newHome(t).run(t, "receipts", "verify", "--signer", all[1].Escrow.Hex(), word); got.code != 1 || !strings.Contains(got.stderr, "another key's receipt") {
		t.Errorf("a receipt of somebody else: %+v", got)
	}
}

// forge changes a text in a file.
func forge(t testing.TB, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(text), from, to, 1)
	if forged == string(text) {
		t.Fatalf("%s has no %s", file, from)
	}
	if err := os.WriteFile(file, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBadReceiptCommandsSayWhatToDo(t *testing.T) {
	h := profiled(t, "http://127.0.0.1:1")
	broken := filepath.Join(t.TempDir(), "broken.jsonl")
	if err := os.WriteFile(broken, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"receipts", "--since", "yesterday"}, 2, "such as 24h"},
		{[]string{"receipts", "--channel", "0x12"}, 2, "64 hex digits"},
		{[]string{"receipts", "list", "--grant", "12"}, 2, "32 hex digits"},
		{[]string{"receipts", "export", "--csv", "--jsonl"}, 2, "want one of them"},
		{[]string{"receipts", "--csv", "--json"}, 2, "want one of them"},
		{[]string{"receipts", "--channel", "0x" + strings.Repeat("0", 64)}, 2, "--channel"},
		{[]string{"receipts", "verify", "/nowhere"}, 1, "no such file"},
		{[]string{"receipts", "verify", broken}, 1, "line 1: not a receipt"},
		{[]string{"receipts", "verify", "--seller", broken}, 2, "is a file"},
		{[]string{"receipts", "verify", "--signer", "me", broken}, 2, "--signer"},
		{[]string{"receipts", "--seller"}, 1, "server.db"},
	} {
		if got := h.run(t, test.args...); got.code != test.code || !strings.Contains(got.stderr, test.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("chit %s: %+v, want %d and %q", strings.Join(test.args, " "), got, test.code, test.want)
		}
	}
}
