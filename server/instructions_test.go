package server_test

import (
	"encoding/json"
	"testing"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
)

func TestAModelIsToldThatToolsCostMoneyAfterWhatTheSellerSays(t *testing.T) {
	shop := shoptest.Open(t, selling(t), func(s *mcpserver.MCPServer) { mcpserver.WithInstructions("ask politely")(s) })
	greeting := []byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	told := func() (said struct{ Instructions string }) {
		if err := json.Unmarshal(postRaw(t, shop.URL, greeting), &said); err != nil {
			t.Fatal(err)
		}
		return said
	}
	for range 2 {
		if got := told().Instructions; got != "ask politely\n\n"+onmcp.Instructions {
			t.Errorf("told %q", got)
		}
	}
	if err := shop.SetRates(server.Prices{"*": server.Free}, nil); err != nil {
		t.Fatal(err)
	}
	if got := told().Instructions; got != "ask politely" {
		t.Errorf("where nothing costs anything: %q", got)
	}
}
