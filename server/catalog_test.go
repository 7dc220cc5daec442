package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
)

func plain(name string) func(*mcpserver.MCPServer) {
	return func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool(name), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("given"), nil
		})
	}
}

func TestAToolWithoutAPriceIsNeitherShownNorCalled(t *testing.T) {
	log := new(lockedBuffer)
	o := selling(t)
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	o.Prices["gratis"], o.Prices["nothing*"] = server.Free, "0.001"
	shop := shoptest.Open(t, o, new(tool).add, plain("secret"), plain("gratis"))
	var list struct{ Tools []struct{ Name string } }
	if err := json.Unmarshal(postRaw(t, shop.URL, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	if slices.Contains(names, "secret") || !slices.Contains(names, "gratis") || !slices.Contains(names, "work") {
		t.Errorf("shown are %v", names)
	}
	if got := send(t.Context(), t, shop.URL, "secret", nil, nil); got.result != nil && !got.result.IsError {
		t.Errorf("a tool without a price answers %s", got.raw)
	}
	if got := send(t.Context(), t, shop.URL, "gratis", nil, nil); got.text() != "given" {
		t.Errorf("a free tool answers %s %s", got.raw, got.failure)
	}
	for _, line := range []string{"free=\"[gratis now]\"", "give each a price", "tools=[secret]", "prices that no tool has", "patterns=[nothing*]"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the start does not say %s:\n%s", line, log)
		}
	}
	if err := shop.SetRates(server.Prices{"*": server.Free}, nil); err != nil {
		t.Fatal(err)
	}
	if got := send(t.Context(), t, shop.URL, "secret", nil, nil); got.text() != "given" {
		t.Errorf("when all is free it answers %s %s", got.raw, got.failure)
	}
}

// panics is what do panics with, nil if it does not.
func panics(do func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	do()
	return nil
}

func TestAnMCPServerWithoutThePaywallIsNotServed(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	other := shoptest.Open(t, shoptest.Options(t))
	for name, wrap := range map[string]func(*mcpserver.MCPServer){"nobody": func(*mcpserver.MCPServer) {}, "another shop": other.Sell} {
		tools := mcpserver.NewMCPServer("given away", "1")
		new(tool).add(tools)
		wrap(tools)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		for how, err := range map[string]error{
			"CheckTools": shop.CheckTools(tools),
			"Handler":    panics(func() { shop.Handler(tools) }),
			"Serve":      shop.Serve(t.Context(), server.Listeners{Public: listener}, tools, 0),
			"ServeStdio": shop.ServeStdio(t.Context(), strings.NewReader(""), new(strings.Builder), tools, 0),
		} {
			if !errors.Is(err, onmcp.ErrNoPaywall) {
				t.Errorf("%s of a server that is sold by %s: %v", how, name, err)
			}
		}
		if _, err := listener.Accept(); err == nil {
			t.Error("it listens on")
		}
	}
}

func TestAnMCPServerIsSoldWheneverItsToolsAndHooksWereAdded(t *testing.T) {
	o := selling(t)
	o.Prices["before"], o.Prices["after"] = "0.001", "0.002"
	shop := shoptest.Open(t, o, new(tool).add)
	listed := 0
	hooks := new(mcpserver.Hooks)
	hooks.AddAfterListTools(func(context.Context, any, *mcp.ListToolsRequest, *mcp.ListToolsResult) { listed++ })
	tools := mcpserver.NewMCPServer("there before", "1", mcpserver.WithHooks(hooks))
	handle := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("given"), nil
	}
	tools.AddTool(mcp.NewTool("before"), handle)
	shop.Sell(tools)
	shop.Sell(tools)
	tools.AddTool(mcp.NewTool("after"), handle)
	served := httptest.NewServer(shop.Handler(tools))
	t.Cleanup(served.Close)
	for _, name := range []string{"before", "after"} {
		if got := send(t.Context(), t, served.URL+"/mcp", name, nil, nil); got.text() == "given" {
			t.Errorf("%s is given away: %s", name, got.raw)
		}
	}
	if listed == 0 {
		t.Error("the server's own hooks are not called any more")
	}
}

func TestAPricedToolThatRunsAsATaskIsNotServed(t *testing.T) {
	o := selling(t)
	o.Prices["paid*"], o.Prices["free"] = "0.001", server.Free
	shop := shoptest.Open(t, o, new(tool).add)
	task := func(context.Context, mcp.CallToolRequest) (*mcp.CreateTaskResult, error) {
		return &mcp.CreateTaskResult{}, nil
	}
	handle := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("given"), nil
	}
	for name, c := range map[string]struct {
		add     func(*mcpserver.MCPServer)
		refused bool
	}{
		"a task tool": {func(s *mcpserver.MCPServer) {
			s.AddTaskTool(mcp.NewTool("paid", mcp.WithTaskSupport(mcp.TaskSupportRequired)), task)
		}, true},
		"a task tool that is free": {func(s *mcpserver.MCPServer) {
			s.AddTaskTool(mcp.NewTool("free", mcp.WithTaskSupport(mcp.TaskSupportRequired)), task)
		}, false},
		"a task tool without price": {func(s *mcpserver.MCPServer) {
			s.AddTaskTool(mcp.NewTool("none", mcp.WithTaskSupport(mcp.TaskSupportRequired)), task)
		}, false},
		"a tool that may be one": {func(s *mcpserver.MCPServer) {
			s.AddTool(mcp.NewTool("paid_too", mcp.WithTaskSupport(mcp.TaskSupportOptional)), handle)
		}, true},
		"a plain tool": {func(s *mcpserver.MCPServer) {
			s.AddTool(mcp.NewTool("paid", mcp.WithTaskSupport(mcp.TaskSupportForbidden)), handle)
		}, false},
	} {
		tools := mcpserver.NewMCPServer("tasks", "1", mcpserver.WithTaskCapabilities(true, true, true))
		shop.Sell(tools)
		c.add(tools)
		if err := shop.CheckTools(tools); errors.Is(err, onmcp.ErrTaskTool) != c.refused || c.refused != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
		if err := panics(func() { shop.Handler(tools) }); errors.Is(err, onmcp.ErrTaskTool) != c.refused {
			t.Errorf("%s: the handler panics with %v", name, err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := shop.ServeHandler(t.Context(), server.Listeners{Public: listener}, http.NotFoundHandler(), 0); !errors.Is(err, onmcp.ErrTaskTool) {
		t.Errorf("a handler of one's own is served: %v", err)
	}
}

func TestATaskToolThatComesLaterIsNotGivenAway(t *testing.T) {
	o := selling(t)
	o.Prices["paid*"], o.Prices["free"] = "0.001", server.Free
	var all *mcpserver.MCPServer
	shop := shoptest.Open(t, o, func(tools *mcpserver.MCPServer) {
		mcpserver.WithTaskCapabilities(true, true, true)(tools)
		all = tools
	})
	ran := make(chan string, 2)
	for _, name := range []string{"paid", "free"} {
		all.AddTaskTool(mcp.NewTool(name, mcp.WithTaskSupport(mcp.TaskSupportRequired)), func(context.Context, mcp.CallToolRequest) (*mcp.CreateTaskResult, error) {
			ran <- name
			return &mcp.CreateTaskResult{}, nil
		})
	}
	for _, name := range []string{"paid", "free"} {
		resp, err := http.Post(shop.URL, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+name+`","task":{}}}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if got := <-ran; got != "free" || len(ran) > 0 {
		t.Errorf("ran %s first", got)
	}
}
