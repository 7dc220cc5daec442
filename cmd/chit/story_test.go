package main_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain/keys"
)

func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if decoder.More() {
		t.Fatalf("more than one JSON value in\n%s", text)
	}
	return v
}

// shownChannel is what `chit channels --json` says of the amounts of a channel.
type shownChannel struct{ Balance, Charged, Claimed, Claimable string }

func TestTheWholeStoryByHand(t *testing.T) {
	h := newHome(t)
	dev := h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	serve := h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"

	h.pays(t, url)
	h.collects(t, url)
	if code := serve.interrupt(t); code != 0 {
		t.Errorf("serve ends with %d\n%s", code, serve.out)
	}
	h.leaves(t)
	if code := dev.interrupt(t); code != 0 {
		t.Errorf("dev ends with %d\n%s", code, dev.out)
	}
	if strings.Contains(dev.out.String()+serve.out.String(), "5de4111afa1a4b94") {
		t.Error("a key was printed")
	}
}

// pays has the payer deposit and call: tools that are priced, that are free and that fail.
func (h home) pays(t *testing.T, url string) {
	t.Helper()
	if out := h.ok(t, "balance", "--json"); decode[map[string]any](t, out)["wallet"] != "1000000000" {
		t.Errorf("the payer begins with %s", out)
	}
	if out := h.ok(t, "tools", url); !strings.Contains(out, "text_stats  0.001 ") || !strings.Contains(out, "now") {
		t.Errorf("the tools are\n%s", out)
	}
	if out := h.ok(t, "deposit", "20", url, "--json"); decode[map[string]any](t, out)["balance"] != "20000000" {
		t.Errorf("deposited %s", out)
	}
	if out := h.ok(t, "call", "text_stats", "text=a b c", url); out != "bytes=5 characters=5 words=3 lines=1\n" {
		t.Errorf("text_stats answers %q", out)
	}
	if out := h.ok(t, "call", url, "primes", "limit:=100"); out != "below=100 count=25 largest=97\n" {
		t.Errorf("primes answers %q", out)
	}
	if out := h.ok(t, "call", "now", url, "--json"); decode[map[string]any](t, out)["receipt"].(map[string]any)["Paid"] != false {
		t.Errorf("a free tool came to %s", out)
	}
	picture := filepath.Join(t.TempDir(), "identicon.png")
	h.ok(t, "call", "identicon", "text=chit", url, "--output", picture)
	if raw, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(raw), "\x89PNG") {
		t.Errorf("the picture: %v", err)
	}
	if failed := h.run(t, "call", "unreliable", url); failed.code != 1 || !strings.Contains(failed.stderr, "not charged") {
		t.Errorf("a tool that fails: %+v", failed)
	}
	if dear := h.run(t, "call", "identicon", "text=x", url, "--max-price", "0.001"); dear.code != 1 || !strings.Contains(dear.stderr, "refused by policy") {
		t.Errorf("a call above the limit: %+v", dear)
	}
}

// collects has the seller settle what the calls came to, and look after its shop.
func (h home) collects(t *testing.T, url string) {
	t.Helper()
	if list := decode[[]shownChannel](t, h.ok(t, "channels", "--json")); len(list) != 1 || list[0] != (shownChannel{"20000000", "8000", "0", "8000"}) {
		t.Errorf("the channels are %+v", list)
	}
	if out := h.ok(t, "settle", "--dry-run"); !strings.Contains(out, "(dry run)") || !strings.Contains(out, "0.008") {
		t.Errorf("a dry run prints\n%s", out)
	}
	if out := h.ok(t, "settle", "--json"); decode[map[string]any](t, out)["settled"] != "8000" {
		t.Errorf("settled %s", out)
	}
	if out := h.ok(t, "settle"); out != "nothing to settle\n" {
		t.Errorf("settled again %q", out)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if out := h.ok(t, "store", "backup", backup); !strings.Contains(out, backup) {
		t.Errorf("backup prints %q", out)
	}
	exported := filepath.Join(t.TempDir(), "receipts.jsonl")
	if out := h.ok(t, "store", "export", exported); !strings.Contains(out, exported) {
		t.Errorf("export prints %q", out)
	}
	if out := h.ok(t, "receipts", "verify", exported); !strings.Contains(out, "adds up") {
		t.Errorf("of what was exported verify prints %q", out)
	}
	if o := h.run(t, "store", "export", exported); o.code == 0 {
		t.Errorf("exported over a file that is there: %+v", o)
	}
	h.keepsItsHistory(t)
	if out := h.ok(t, "refund", "5", url); !strings.Contains(out, "refunded 5 USDC") {
		t.Errorf("refund prints %q", out)
	}
	if out := h.ok(t, "verify-deployment"); !strings.Contains(out, "are what this program embeds") {
		t.Errorf("verify-deployment prints %q", out)
	}
	if out := h.ok(t, "deploy"); strings.Count(out, "was there") != 4 {
		t.Errorf("deploy prints\n%s", out)
	}
}

// keepsItsHistory holds that the day that is not over is not archived, and that nothing that is
// new or that nobody has said is to go is dropped: of a running shop or of its store.
func (h home) keepsItsHistory(t *testing.T) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "archive")
	if out := h.ok(t, "store", "archive", archive); out != "wrote 0 days; 0 were there already\n" {
		t.Errorf("archive prints %q", out)
	}
	if out := h.ok(t, "store", "archive", archive, "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("archive prints %q", out)
	}
	if out := h.ok(t, "store", "prune", "--keep", "400d", "--dry-run"); !strings.HasPrefix(out, "would drop 0 receipts, 0 bytes") {
		t.Errorf("prune prints %q", out)
	}
	if out := h.ok(t, "store", "prune", "--max", "20GB", "--json"); decode[map[string]any](t, out)["entries"] != 0.0 {
		t.Errorf("prune prints %q", out)
	}
	if o := h.run(t, "store", "prune"); o.code != 1 || !strings.Contains(o.stderr, "all receipts are kept") {
		t.Errorf("prune with nothing to go by: %+v", o)
	}
	if o := h.run(t, "store", "prune", "--keep", "forever"); o.code != 2 || !strings.Contains(o.stderr, "400d") {
		t.Errorf("prune by an age that is none: %+v", o)
	}
}

// leaves has the payer announce a withdrawal where no server runs.
func (h home) leaves(t *testing.T) {
	t.Helper()
	offline := decode[[]shownChannel](t, h.ok(t, "channels", "--json"))
	if len(offline) != 1 || offline[0] != (shownChannel{"15000000", "8000", "8000", "0"}) {
		t.Errorf("without a server the channels are %+v", offline)
	}
	h.keepsItsHistory(t)
	for _, command := range []string{"check", "stats"} {
		if out := h.ok(t, "store", command); !strings.Contains(out, "1 channels") {
			t.Errorf("store %s prints %q", command, out)
		}
	}
	backup := filepath.Join(t.TempDir(), "offline")
	h.ok(t, "store", "backup", backup)
	if out := h.ok(t, "store", "restore", backup); !strings.Contains(out, "1 channels") || !strings.Contains(out, "epoch 1") || !strings.Contains(out, "kept at") {
		t.Errorf("store restore prints\n%s", out)
	}
	if out := decode[map[string]any](t, h.ok(t, "store", "restore", "--json", backup)); out["epoch"] != 2.0 || out["channels"] != 1.0 {
		t.Errorf("store restore prints %v", out)
	}
	if out := h.ok(t, "withdraw", "start"); !strings.Contains(out, "announced 14.992 USDC") {
		t.Errorf("withdraw start prints %q", out)
	}
	if early := h.run(t, "withdraw", "finish"); early.code != 1 || !strings.Contains(early.stderr, "nothing to withdraw") {
		t.Errorf("withdraw finish before the delay: %+v", early)
	}
	if out := h.ok(t, "balance"); !strings.Contains(out, "985 USDC") || !strings.Contains(out, "after ") {
		t.Errorf("balance prints\n%s", out)
	}
}

func TestTheDemoPrintsOneJSONObjectThatAddsUp(t *testing.T) {
	result := decode[map[string]any](t, newHome(t).ok(t, "demo", "--json"))
	for _, field := range []string{
		"network", "escrow", "token", "deposited", "calls", "refused", "charged", "claimed", "received", "refunded",
		"voucherP50Micros", "voucherP99Micros", "settleTx", "settleGas", "balanced",
	} {
		if _, ok := result[field]; !ok {
			t.Errorf("%s is missing", field)
		}
	}
	if result["balanced"] != true || result["charged"] != result["received"] || result["deposited"] != "200000000" {
		t.Errorf("the demo came to %v", result)
	}
}

func TestAWalletIsMadeListedAndUsed(t *testing.T) {
	h := newHome(t)
	secret := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(secret, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made := decode[keys.File](t, h.ok(t, "wallet", "new", "--json", "--passphrase-file", secret))
	list := decode[[]keys.File](t, h.ok(t, "wallet", "list", "--json"))
	if len(list) != 1 || list[0] != made {
		t.Errorf("made %v, listed %v", made, list)
	}
	if info, err := os.Stat(made.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v", info.Mode(), err)
	}
	if out := h.ok(t, "wallet", "list"); !strings.Contains(out, made.Address.Hex()) {
		t.Errorf("wallet list prints\n%s", out)
	}
}

func TestASecondServerAndASecondChainAreToldSo(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address)
	if second := h.run(t, "serve", "--listen", freeAddress(t)); second.code != 1 || strings.Count(second.stderr, "\n") != 1 || !strings.Contains(second.stderr, "in use") {
		t.Errorf("a second server: %+v", second)
	}
	if taken := h.run(t, "serve", "--listen", address); taken.code != 1 || !strings.Contains(taken.stderr, "--listen") {
		t.Errorf("a taken port: %+v", taken)
	}
	if again := h.run(t, "dev", "--port", "0"); again.code != 1 || !strings.Contains(again.stderr, "stop `chit serve` first") {
		t.Errorf("a second chain under a running server: %+v", again)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if taken := newHome(t).run(t, "dev", "--port", port); taken.code != 1 || !strings.Contains(taken.stderr, "is port "+port+" taken?") {
		t.Errorf("a taken chain port: %+v", taken)
	}
}
