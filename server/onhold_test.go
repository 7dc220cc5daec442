package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestWhatAPricedCallTellsOnItsWayIsKeptBackUntilItIsPaid(t *testing.T) {
	fails := func() *mcp.CallToolResult { return mcp.NewToolResultError("no such page") }
	delivers := func() *mcp.CallToolResult { return mcp.NewToolResultText("done") }
	for _, test := range []struct {
		name        string
		rate        server.Rate
		result      func() *mcp.CallToolResult
		words, logs bool // of its progress; of its log
	}{
		{"a call that fails", server.Rate{Price: "0.001"}, fails, false, false},
		{"a call that is paid", server.Rate{Price: "0.001"}, delivers, false, true},
		{"a call that is paid however it ends", server.Rate{Price: "0.001", ChargeFailed: true, ChargeCancelled: true}, fails, true, true},
		{"a free call", server.Rate{Price: "0"}, delivers, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := selling(t)
			delete(o.Prices, "work")
			o.Rates = server.Rates{"work": test.rate}
			heard := make(chan struct{})
			work := &tool{do: func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				tools := mcpserver.ServerFromContext(ctx)
				err := tools.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelError, "tool", "the goods"))
				if err == nil {
					err = tools.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), map[string]any{
						"progressToken": req.Params.Meta.ProgressToken, "progress": 1, "total": 2, "message": "the goods",
					})
				}
				select { // the numbers are told in any case
				case <-heard:
				case <-ctx.Done():
				}
				return test.result(), err
			}}
			shop := shoptest.Open(t, o, work.add)
			meta := map[string]any{"progressToken": "mine"}
			if test.rate.Price != "0" {
				meta[x402.MetaPayment] = regular(t, shop, "payer", usdc).pays(price)
			}
			events := streamOfCall(t, shop.URL, callBody(t, map[string]any{"name": "work", "_meta": meta}), func(event string) {
				if strings.Contains(event, "notifications/progress") {
					close(heard)
				}
			})
			var words, logs bool
			for _, event := range events {
				words = words || strings.Contains(event, "notifications/progress") && strings.Contains(event, "the goods")
				logs = logs || strings.Contains(event, "notifications/message") && strings.Contains(event, "the goods")
			}
			if words != test.words || logs != test.logs {
				t.Errorf("its progress tells the goods: %v, its log: %v; want %v and %v of %q", words, logs, test.words, test.logs, events)
			}
		})
	}
}

// streamOfCall is what a call is answered with, event by event; the one answer where it is no
// stream.
func streamOfCall(t testing.TB, url string, body []byte, each func(event string)) (events []string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		event, _ := strings.CutPrefix(lines.Text(), "data: ")
		if json.Valid([]byte(event)) {
			events = append(events, event)
			each(event)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}
