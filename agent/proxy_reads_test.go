package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
)

// shelf adds a resource, one that fails, and a prompt.
func shelf(tools *mcpserver.MCPServer) {
	read := func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		if strings.HasSuffix(req.Params.URI, "torn") {
			return nil, errors.New("it is torn")
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, Text: "read"}}, nil
	}
	tools.AddResource(mcp.NewResource("note://whole", "whole"), read)
	tools.AddResource(mcp.NewResource("note://torn", "torn"), read)
	tools.AddPrompt(mcp.NewPrompt("poem"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("recite"))}), nil
	})
}

func shelfPrices(o server.Options) server.Options {
	o.Prices = server.Prices{"work": "0.001", "resource:note://*": "0.001", "prompt:*": "0.001"}
	return o
}

func (b *behind) read(t *testing.T, uri string) (*mcp.ReadResourceResult, error) {
	t.Helper()
	var req mcp.ReadResourceRequest
	req.Params.URI = uri
	return b.ReadResource(t.Context(), req)
}

func (b *behind) get(t *testing.T, name string) (*mcp.GetPromptResult, error) {
	t.Helper()
	var req mcp.GetPromptRequest
	req.Params.Name = name
	return b.GetPrompt(t.Context(), req)
}

func TestAProxyPaysForResourcesAndPromptsWithinItsBudget(t *testing.T) {
	shop := shoptest.Open(t, shelfPrices(selling(t, "0.001")), work, shelf)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy = agent.Policy{Total: 3 * price}
	b := through(t, shop.URL, o)
	if _, err := b.ListResources(t.Context(), mcp.ListResourcesRequest{}); err != nil {
		t.Fatal(err)
	}
	if result, err := b.read(t, "note://whole"); err != nil || result.Contents[0].(mcp.TextResourceContents).Text != "read" {
		t.Fatalf("the resource is %+v, %v", result, err)
	}
	if result, err := b.get(t, "poem"); err != nil || len(result.Messages) != 1 {
		t.Fatalf("the prompt is %+v, %v", result, err)
	}
	if _, err := b.read(t, "note://torn"); err == nil || !strings.Contains(err.Error(), "it is torn") {
		t.Errorf("what fails is answered %v", err)
	}
	if result := b.call(t, "work", nil); result.IsError { // what failed has cost nothing
		t.Errorf("the third call is answered %+v", result)
	}
	for _, err := range []error{errorOf(b.read(t, "note://whole")), errorOf(b.get(t, "poem"))} {
		if err == nil || !strings.Contains(err.Error(), "budget") {
			t.Errorf("out of budget is told as %v", err)
		}
	}
	for channel := range shop.Ledger.Channels() {
		if channel.Charged != 3*price {
			t.Errorf("the shop has charged %s", channel.Charged)
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestAPolicyNamesResourcesAndPrompts(t *testing.T) {
	shop := shoptest.Open(t, shelfPrices(selling(t, "0.001")), work, shelf)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy = agent.Policy{DenyTools: []string{"resource:note://whole"}, AllowTools: []string{"resource:*", "work"}}
	b := through(t, shop.URL, o)
	if _, err := b.read(t, "note://whole"); err == nil {
		t.Error("a resource that is denied was paid for")
	}
	if _, err := b.get(t, "poem"); err == nil {
		t.Error("a prompt that is not allowed was paid for")
	}
	if _, err := b.read(t, "note://torn"); err == nil || !strings.Contains(err.Error(), "it is torn") {
		t.Errorf("a resource that is allowed is answered %v", err)
	}
	var req mcp.CallToolRequest
	req.Params.Name = "resource:note://torn"
	if _, err := b.CallTool(t.Context(), req); err == nil || !strings.Contains(err.Error(), "no tool's") {
		t.Errorf("a tool with the name of a resource is answered %v", err)
	}
}

func TestAProxyWithATokenPaysForResourcesAndPrompts(t *testing.T) {
	shop := shoptest.Open(t, shelfPrices(selling(t, "0.001")), work, shelf)
	secret := granted(t, shop.URL, macaroon.Scope{Budget: 2 * price, Calls: 10})
	proxy, err := agent.OpenCreditProxy(shop.URL, secret, agent.Limits{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b := behindProxy(t, proxy)
	if _, err := b.read(t, "note://whole"); err != nil {
		t.Error(err)
	}
	if _, err := b.read(t, "note://torn"); err == nil || !strings.Contains(err.Error(), "it is torn") {
		t.Errorf("what fails is answered %v", err)
	}
	if _, err := b.get(t, "poem"); err != nil {
		t.Error(err)
	}
	if _, err := b.get(t, "poem"); err == nil || !strings.Contains(err.Error(), "USDC") {
		t.Errorf("out of budget is told as %v", err)
	}
}
