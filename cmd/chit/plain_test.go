package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/internal/plain"
)

// attack clears a screen, writes the clipboard, forges a row and turns the text around.
const attack = "x\x1b[2J\x1b]52;c;aGk=\a\u009b2J\r\nFORGED  free\u202e"

func TestNothingOfAnothersReachesTheTerminalButItsText(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	hostile := mcpserver.NewMCPServer("hostile", "1")
	hostile.AddTool(mcp.NewTool("say"+attack, mcp.WithDescription("says "+attack)), nil)
	hostile.AddTool(mcp.NewTool("say"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent("first\n" + attack), mcp.NewImageContent("AAAA", attack)}}, nil
	})
	hostile.AddTool(mcp.NewTool("fail"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, errors.New("it fails " + attack)
	})
	web := httptest.NewServer(mcpserver.NewStreamableHTTPServer(hostile, mcpserver.WithStateLess(true)))
	t.Cleanup(web.Close)
	server := "--server=" + web.URL
	for _, args := range [][]string{{"tools", server}, {"tools", "--json", server}, {"call", server, "say"}, {"call", "--json", server, "say"}, {"call", server, "fail"}, {"call", server, attack}} {
		got := h.run(t, args...)
		if !strings.Contains(got.stdout+got.stderr, "aGk=") {
			t.Errorf("%q prints nothing of it: %q %q", args, got.stdout, got.stderr)
		}
		for _, printed := range []string{got.stdout, got.stderr} {
			if printed != plain.Lines(printed) || args[0] == "tools" && strings.Contains(printed, "\nFORGED") {
				t.Errorf("%q prints %q", args, printed)
			}
		}
	}
}

func TestAMessageOfTheProxyIsJSONWhateverBytesAServerSends(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID json.RawMessage }
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"caf%s %s"}]}}`, m.ID, "\xe9", "\x7f\u009b\u202e")
	}))
	t.Cleanup(web.Close)
	command := h.command("proxy", web.URL)
	command.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say"}}` + "\n")
	got := finish(t, command)
	var message struct{ Result mcp.CallToolResult }
	err := json.Unmarshal([]byte(got.stdout), &message)
	if err != nil || !utf8.ValidString(got.stdout) || len(message.Result.Content) != 1 || message.Result.Content[0].(mcp.TextContent).Text != "caf\ufffd \x7f\u009b\u202e" {
		t.Errorf("%v: %+v", err, got)
	}
}
