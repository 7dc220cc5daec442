package main_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// untouched is an MCP server that knows nothing of payments.
func untouched(t testing.TB) string {
	t.Helper()
	tools := mcpserver.NewMCPServer("untouched", "1")
	tools.AddTool(mcp.NewTool("shout", mcp.WithString("text")), func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(strings.ToUpper(req.GetString("text", ""))), nil
	})
	s := httptest.NewServer(mcpserver.NewStreamableHTTPServer(tools))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL + "/mcp"
}

func config(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// words is a text with its columns closed up.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// reload gives a gateway another config, and waits until it says something of it.
func (d *daemon) reload(t testing.TB, file, text, says string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := d.out.wait(ctx, says); err != nil {
		t.Fatalf("%v\n%s", err, d.out)
	}
}

func TestTheGatewaySellsAServerThatKnowsNothingOfPayments(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	h.editProfile(t, func(text string) string { return text + "settle: {idleAfter: 1ns}\n" })
	address := freeAddress(t)
	text := fmt.Sprintf("listen: %s\nsettleOnStop: true\nminDeposit: 1\nprices: {shout: 0.001, 'l*': {base: 0.001, per: {argument: count, unit: 0.0001}, max: 0.05}}\nupstreams:\n  it: {url: %q}\n", address, untouched(t))
	file := config(t, text)
	h.checksGateway(t, file)
	gateway := h.start(t, "selling on", "gateway", "--config", file)
	url := "--server=http://" + address + "/mcp"
	if out := h.ok(t, "tools", url); !strings.Contains(words(out), "shout 0.001") {
		t.Errorf("the tools are\n%s", out)
	}
	if poor := h.run(t, "deposit", "0.5", url); poor.code != 1 {
		t.Errorf("less than the minimum: %+v", poor)
	}
	h.ok(t, "deposit", "5", url)
	if out := h.ok(t, "call", "shout", "text=hello", url); out != "HELLO\n" {
		t.Errorf("shout answers %q", out)
	}

	gateway.reload(t, file, strings.Replace(text, "0.001", "dear", 1), "gateway.yaml:4: prices.shout: ")
	gateway.reload(t, file, strings.Replace(text, "0.001", "0.003", 1), "prices reloaded")
	if out := h.ok(t, "tools", url); !strings.Contains(words(out), "shout 0.003") {
		t.Errorf("after the reload the tools are\n%s", out)
	}
	if out := h.ok(t, "call", "shout", "text=again", url); out != "AGAIN\n" {
		t.Errorf("shout answers %q", out)
	}
	if resp, err := http.Get("http://" + address + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("health: %+v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}

	gateway.settlesAtItsEnd(t)
	type channel struct{ Charged, Claimed string }
	if list := decode[[]channel](t, h.ok(t, "channels", "--json")); len(list) != 1 || list[0] != (channel{"4000", "4000"}) {
		t.Errorf("at the end the channels are %+v", list)
	}
}

// checksGateway checks the config, first alone and then with its upstreams.
func (h home) checksGateway(t testing.TB, file string) {
	t.Helper()
	if out := h.ok(t, "gateway", "check", "--config", file); words(out) != file+" is fine: 1 upstreams, 0 routes WHAT PRICE l* 0.001 + 0.0001 per count, at most 0.05 shout 0.001" {
		t.Errorf("check prints %q", out)
	}
	survey := h.ok(t, "gateway", "check", "--connect", "--config", file)
	for _, line := range []string{"UPSTREAM KIND ITS NAME CLIENTS SEE PRICE", "it tool shout shout 0.001", `prices: "l*" stands for nothing`} {
		if !strings.Contains(words(survey), line) {
			t.Errorf("check --connect does not say %q:\n%s", line, survey)
		}
	}
}

// settlesAtItsEnd stops a gateway, which settles first.
func (d *daemon) settlesAtItsEnd(t testing.TB) {
	t.Helper()
	if err := d.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = d.command.Wait()
	if code := d.command.ProcessState.ExitCode(); code != 0 || !strings.Contains(d.out.String(), "msg=settled") {
		t.Errorf("the gateway ends with %d\n%s", code, d.out)
	}
}

func TestACheckOfUpstreamsFailsWhereOneDoesNotAnswer(t *testing.T) {
	got := newHome(t).run(t, "gateway", "check", "--connect", "--config", config(t, "prices: {'*': free}\nupstreams:\n  gone: {url: 'http://127.0.0.1:1/mcp'}\n"))
	if got.code != 1 || !strings.Contains(got.stderr, `the upstream "gone" does not answer`) {
		t.Errorf("answered %+v", got)
	}
}

func TestABadGatewayConfigIsRefusedWithFileLineAndKey(t *testing.T) {
	h := newHome(t)
	file := config(t, "upstreams:\n  it: {url: nowhere}\nprize: 1\n")
	for _, args := range [][]string{{"gateway", "check", "--config", file}, {"gateway", "--config", file}, {"gateway", "--config", file, "check"}} {
		got := h.run(t, args...)
		want := fmt.Sprintf("chit: %[1]s:2: upstreams.it.url: it is not a URL such as https://host/mcp; %[1]s:3: prize: there is no such setting; known are ", file)
		if got.code != 1 || !strings.HasPrefix(got.stderr, want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("chit %v: %+v\nwant %s", args, got, want)
		}
	}
	if none := h.run(t, "gateway", "check"); none.code != 2 || !strings.Contains(none.stderr, "--config FILE") {
		t.Errorf("without a file: %+v", none)
	}
	if extra := h.run(t, "gateway", "check", file); extra.code != 2 {
		t.Errorf("with an argument: %+v", extra)
	}
	if missing := h.run(t, "gateway", "check", "--config", file+".none"); missing.code != 1 || !strings.Contains(missing.stderr, "no such file") {
		t.Errorf("a file that is not there: %+v", missing)
	}
}
