package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// onToken is a command of a home with a token in its environment.
func onToken(c *exec.Cmd, token string) *exec.Cmd {
	c.Env = append(c.Env, "CHIT_CREDIT="+token)
	return c
}

func TestTheBudgetOfTheProfileHoldsForAToken(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	token := strings.TrimSpace(h.ok(t, "credit", "grant", server, "--budget", "0.1"))
	for name, test := range map[string]struct {
		budget, spent string
		calls         []string // tools, each with what it prints where the budget forbids it
	}{
		"a price":         {"{perCall: 0.0007}", "0.0005", []string{"hash:", "text_stats:the limit for one call is 0.0007"}},
		"a tool's price":  {"{tools: [{match: \"text*\", perCall: 0.0007}]}", "0.0005", []string{"hash:", "text_stats:one call of text"}},
		"a total":         {"{total: 0.0016}", "0.0015", []string{"hash:", "text_stats:", "hash:the budget for all calls has 0.0001 USDC left"}},
		"a day of a tool": {"{tools: [{match: hash, perDay: 0.0005}]}", "0.0015", []string{"hash:", "hash:one day of hash", "text_stats:"}},
		"a tool":          {"{denyTools: [\"text*\"]}", "0.0005", []string{"hash:", "text_stats:payments for text_stats are not allowed"}},
		"a day":           {"{perDay: 0.0016}", "0.0015", []string{"hash:", "text_stats:", "hash:one day has 0.0001 USDC left"}},
		"a server's sum":  {"{perServer: 0.0016}", "0.0015", []string{"hash:", "text_stats:", "hash:this server has 0.0001 USDC left"}},
		"a question":      {"{askAbove: 0.0007}", "0.0005", []string{"hash:", "text_stats:0.0007"}},
		"all other tools": {"{allowTools: [hash]}", "0.0005", []string{"hash:", "text_stats:payments for text_stats are not allowed"}},
		"this server":     {"{denyServers: [\"*127.0.0.1*\"]}", "0", []string{"hash:are not allowed"}},
		"a server":        {"{allowServers: [\"https://other.example\"]}", "0", []string{"hash:are not allowed"}},
	} {
		holder := newHome(t)
		holder.copyProfile(t, h, "budget: "+test.budget+"\n")
		for _, call := range test.calls {
			tool, refused, _ := strings.Cut(call, ":")
			got := finish(t, onToken(holder.command("call", tool, "text=a", server), token))
			if (got.code == 0) != (refused == "") || !strings.Contains(got.stderr, refused) {
				t.Errorf("%s: %s gave %+v, want %q", name, tool, got, refused)
			}
		}
		if out := holder.ok(t, "budget", server); !strings.Contains(out, test.spent+" USDC in all") {
			t.Errorf("%s: the budget is\n%s", name, out)
		}
	}
}

func TestTheBudgetOfTheProfileHoldsForAProxyOnAToken(t *testing.T) {
	h, server := sold(t, "")
	h.ok(t, "deposit", "1", server)
	token := strings.TrimSpace(h.ok(t, "credit", "grant", server, "--budget", "0.1"))
	holder := newHome(t)
	holder.copyProfile(t, h, "budget: {total: 0.0016}\n")
	_, url, _ := strings.Cut(server, "=")
	client, err := mcpclient.NewStdioMCPClient(chit, onToken(holder.command(), token).Env, "proxy", url)
	if err != nil {
		t.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	if _, err := client.Initialize(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ tool, says string }{
		{"text_stats", "words=1"},
		{"hash", "ca978112"},
		{"hash", "the budget for all calls has 0.0001 USDC left"},
	} {
		var r mcp.CallToolRequest
		r.Params.Name, r.Params.Arguments = step.tool, map[string]any{"text": "a"}
		if result, err := client.CallTool(t.Context(), r); err != nil || !strings.Contains(fmt.Sprint(result.Content), step.says) {
			t.Errorf("%s gave %+v, %v", step.tool, result, err)
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if out := holder.ok(t, "budget", server); !strings.Contains(out, "0.0015 USDC in all") {
		t.Errorf("the budget is\n%s", out)
	}
}

func TestATokenThatTheBookHasBoughtCountsOnce(t *testing.T) {
	h, server := sold(t, "budget: {total: 0.1, denyTools: [\"text*\"]}\n")
	h.ok(t, "deposit", "1", server)
	token := strings.TrimSpace(h.ok(t, "credit", "grant", server, "--budget", "0.1"))
	for range 2 {
		if got := finish(t, onToken(h.command("call", "hash", "text=a", server), token)); got.code != 0 {
			t.Errorf("a call on what is paid for gave %+v", got)
		}
	}
	if got := finish(t, onToken(h.command("call", "text_stats", "text=a", server), token)); got.code == 0 || !strings.Contains(got.stderr, "are not allowed") {
		t.Errorf("a call of what is forbidden gave %+v", got)
	}
	if out := h.ok(t, "budget", server); !strings.Contains(out, "0.1 USDC in all") {
		t.Errorf("the budget is\n%s", out)
	}
}

// copyProfile gives a home the profile of another, with further lines.
func (h home) copyProfile(t testing.TB, from home, lines string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(from.dir, "profiles", "dev.yaml"))
	if err == nil {
		err = os.MkdirAll(filepath.Join(h.dir, "profiles"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(h.dir, "profiles", "dev.yaml"), append(text, lines...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
