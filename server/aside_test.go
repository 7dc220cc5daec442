package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// What is said of a payment goes past the library that encodes the answer, which nobody must notice.
func TestAPayerGetsWhatHooksSeeOfItsPayment(t *testing.T) {
	for name, work := range map[string]*tool{
		"in one answer": new(tool),
		"in a stream":   {do: telling},
	} {
		t.Run(name, func(t *testing.T) {
			var seen json.RawMessage
			hook := func(s *mcpserver.MCPServer) {
				s.GetHooks().AddAfterCallTool(func(_ context.Context, _ any, _ *mcp.CallToolRequest, result any) {
					if meta := result.(*mcp.CallToolResult).Meta; meta != nil {
						seen, _ = meta.AdditionalFields[x402.MetaPaymentResponse].(json.RawMessage)
					}
				})
			}
			shop := shoptest.Open(t, selling(t), hook, work.add)
			c := regular(t, shop, "payer", usdc)
			meta := map[string]any{"progressToken": "mine", x402.MetaPayment: c.pays(price)}
			events := streamOfCall(t, shop.URL, callBody(t, map[string]any{"name": "work", "_meta": meta}), func(string) {})
			raw := events[len(events)-1]
			var got struct {
				Result struct {
					Meta    map[string]json.RawMessage `json:"_meta"`
					Content []mcp.TextContent          `json:"content"`
				}
			}
			if err := json.Unmarshal([]byte(raw), &got); err != nil || len(got.Result.Content) != 1 {
				t.Fatalf("answered %s: %v", raw, err)
			}
			paid := got.Result.Meta[x402.MetaPaymentResponse]
			if response, err := x402.DecodeSettlementResponse(paid); err != nil || *response.Extra.ChargedAmount != price {
				t.Errorf("told of the payment: %s: %v", paid, err)
			}
			if string(seen) != string(paid) {
				t.Errorf("a hook sees %s, the payer gets %s", seen, paid)
			}
		})
	}
}

// telling is a tool that tells how far it is, so that its answer comes in a stream.
func telling(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	err := mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), map[string]any{
		"progressToken": req.Params.Meta.ProgressToken, "progress": 1,
	})
	return mcp.NewToolResultText("done"), err
}

func TestAToolThatPaysForAnotherOneIsToldOfItsPayment(t *testing.T) {
	o := selling(t)
	o.Prices["outer"] = "0"
	var shop *shoptest.Shop
	var c *customer
	outer := func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("outer"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			inner := callBody(t, map[string]any{"name": "work", "_meta": map[string]any{x402.MetaPayment: c.pays(price)}})
			answer, err := json.Marshal(s.HandleMessage(ctx, inner))
			return mcp.NewToolResultText(string(answer)), err
		})
	}
	shop = shoptest.Open(t, o, outer, new(tool).add)
	c = regular(t, shop, "payer", usdc)
	if got := c.call("outer", nil).text(); !strings.Contains(got, `"chargedAmount":"`+vouchers.Amount(price).Atomic()+`"`) {
		t.Errorf("the tool was told %s", got)
	}
}
