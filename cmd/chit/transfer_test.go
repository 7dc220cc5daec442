package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
)

func TestAShopThatTakesTransfersAloneIsPaidByHand(t *testing.T) {
	h, server := sold(t, "accept: [exact]\n")
	paid := h.run(t, "call", "hash", "text=abc", server)
	if paid.code != 0 || !strings.Contains(paid.stderr, "paid 0.0005 USDC by a transfer, transaction 0x") {
		t.Fatalf("the call: %+v", paid)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(out, "0.0005 USDC in all") || strings.Contains(out, "in doubt") {
		t.Errorf("budget prints\n%s", out)
	}
	failed := h.run(t, "call", "unreliable", server)
	if failed.code != 1 || !strings.Contains(failed.stderr, "0.01 USDC is in doubt") {
		t.Errorf("a call that fails: %+v", failed)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(out, "of that 0.01 USDC is in doubt") || !strings.Contains(out, "unreliable") {
		t.Errorf("budget prints\n%s", out)
	}
	b := decode[struct {
		Spent  struct{ Total, InDoubt vouchers.Amount }
		Doubts []struct {
			Tool   string
			Amount vouchers.Amount
		}
	}](t, h.ok(t, "budget", "--json", server))
	if b.Spent.Total != 10_500 || b.Spent.InDoubt != 10_000 || len(b.Doubts) != 1 || b.Doubts[0].Tool != "unreliable" || b.Doubts[0].Amount != 10_000 {
		t.Errorf("as JSON: %+v", b)
	}
}

func TestAWalletWithoutADepositPaysThroughTheProxy(t *testing.T) {
	h, server := sold(t, "accept: [batch-settlement, exact]\n")
	_, url, _ := strings.Cut(server, "=")
	client, err := mcpclient.NewStdioMCPClient(chit, h.command().Env, "proxy", url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := client.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = "hash", map[string]any{"text": "a"}
	if result, err := client.CallTool(t.Context(), r); err != nil || result.IsError {
		t.Errorf("the call gave %+v, %v", result, err)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(out, "0.0005 USDC in all") {
		t.Errorf("budget prints\n%s", out)
	}
	h.ok(t, "deposit", "1", server)
	if paid := h.run(t, "call", "hash", "text=abc", server); paid.code != 0 || !strings.Contains(paid.stderr, "on this channel so far") {
		t.Errorf("with a deposit: %+v", paid)
	}
}

func TestAPageIsPaidByATransferByHand(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the page") }))
	t.Cleanup(web.Close)
	for _, accept := range []string{"[exact]", "[batch-settlement, exact]"} {
		address := freeAddress(t)
		file := config(t, fmt.Sprintf("listen: %s\naccept: %s\nroutes:\n- {path: /page, upstream: '%s', price: 0.01}\n", address, accept, web.URL))
		shop := h.start(t, "selling on", "gateway", "--config", file)
		paid := h.run(t, "pay-url", "http://"+address+"/page")
		if paid.code != 0 || paid.stdout != "the page" || !strings.Contains(paid.stderr, "paid 0.01 USDC by a transfer") {
			t.Errorf("where %s is accepted: %+v", accept, paid)
		}
		if code := shop.interrupt(t); code != 0 {
			t.Errorf("the gateway ended with %d:\n%s", code, shop.out)
		}
	}
}

func TestPermit2IsApprovedForExactlyWhatIsAsked(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	if asked := h.run(t, "wallet", "approve", "0.5"); asked.code != 2 || !strings.Contains(asked.stderr, "--yes") {
		t.Errorf("without a yes: %+v", asked)
	}
	owner := strings.TrimSpace(h.ok(t, "wallet", "address"))
	allowance := "0xdd62ed3e" + fmt.Sprintf("%064s%064s", strings.ToLower(owner[2:]), "000000000022d473030f116ddee9f6b43ac78ba3")
	for _, amount := range []string{"0.5", "0"} {
		h.ok(t, "wallet", "approve", amount, "--yes")
		var said string
		h.rpc(t, &said, "eth_call", map[string]string{"to": h.token(t), "data": allowance}, "latest")
		if want := map[string]string{"0.5": fmt.Sprintf("0x%064x", 500_000), "0": fmt.Sprintf("0x%064x", 0)}[amount]; said != want {
			t.Errorf("after %s it may move %s", amount, said)
		}
	}
}

// token is that of the profile.
func (h home) token(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "profiles", "dev.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "token: ")
	return strings.Trim(strings.Fields(after)[0], "\"'")
}
