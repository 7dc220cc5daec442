package main_test

import (
	"fmt"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

func TestAnMCPClientStartsTheProxyWithATokenAndNoWallet(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	token := strings.TrimSpace(h.ok(t, "credit", "grant", server, "--budget", "0.0015"))
	_, url, _ := strings.Cut(server, "=")
	client, err := mcpclient.NewStdioMCPClient(chit, append(newHome(t).command().Env, "CHIT_CREDIT="+token), "proxy", url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := client.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ tool, says string }{
		{"text_stats", "words=1"},
		{"text_stats", "budget_exhausted"},
		{"hash", "ca978112"},
		{"chit_balance", "has 0 USDC left"},
	} {
		var r mcp.CallToolRequest
		r.Params.Name, r.Params.Arguments = step.tool, map[string]any{"text": "a"}
		if result, err := client.CallTool(t.Context(), r); err != nil || !strings.Contains(fmt.Sprint(result.Content), step.says) {
			t.Errorf("%s gave %+v, %v", step.tool, result, err)
		}
	}
	bad := newHome(t).command("proxy", url)
	bad.Env = append(bad.Env, "CHIT_CREDIT=chit_secret")
	if got := finish(t, bad); got.code != 1 || !strings.Contains(got.stderr, "malformed credit token") || strings.Contains(got.stderr, "chit_secret") {
		t.Errorf("a token that is none: %+v", got)
	}
}
