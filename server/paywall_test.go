package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func TestAPriceIsFoundByNameAndThenByTheLongestPattern(t *testing.T) {
	o := shoptest.Options(t)
	o.Prices = server.Prices{"work": "0.001", "wo*": "0.002", "*": "0.003", "hash": "0", "prime?": "0.004", "?denticon": "1 USDC"}
	work := new(tool)
	shop := shoptest.Open(t, o, work.add)
	for name, want := range map[string]vouchers.Amount{"work": 1_000, "now": 3_000, "text_stats": 3_000, "primes": 4_000, "identicon": usdc} {
		if got := send(t.Context(), t, shop.URL, name, nil, nil).refusal().Accepts[0].Amount; got != want {
			t.Errorf("%s costs %s, want %s", name, got, want)
		}
	}
	if got := send(t.Context(), t, shop.URL, "hash", map[string]any{"text": ""}, nil).text(); !strings.HasPrefix(got, "e3b0c442") {
		t.Errorf("a tool of price 0 answered %q", got)
	}
}

func TestAPriceThatCannotBeReadStopsTheShop(t *testing.T) {
	for pattern, price := range map[string]string{"a": "-1", "b": "0.0000001", "c": "", "[": "1", "d": "1e3"} {
		o := shoptest.Options(t)
		o.Prices = server.Prices{pattern: price}
		shop, err := server.Open(t.Context(), o)
		if err == nil {
			t.Errorf("a price of %q for %q is taken: %v", price, pattern, shop.Close())
		} else if !strings.Contains(err.Error(), pattern) {
			t.Errorf("the error does not name %q: %v", pattern, err)
		}
	}
}

func TestAFreeToolPassesWithAndWithoutAPayment(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	for _, payment := range []any{nil, c.pays(price), "nonsense"} {
		got := c.call("now", payment)
		if got.text() == "" || got.result.IsError {
			t.Errorf("paid with %v: %s", payment, got.raw)
		}
	}
	if got := c.ledger(shop); got.Charged != 0 || got.Ceiling != 0 {
		t.Errorf("a free tool was charged: %+v", got)
	}
}

func TestTheListOfToolsAnnouncesTheTerms(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)
	var list struct {
		Tools []struct {
			Name string
			Meta map[string]json.RawMessage `json:"_meta"`
		}
	}
	if err := json.Unmarshal(postRaw(t, shop.URL, body), &list); err != nil {
		t.Fatal(err)
	}
	prices := map[string]vouchers.Amount{"work": 1_000, "hash": 500, "text_stats": 1_000, "primes": 2_000, "identicon": 5_000, "unreliable": 10_000}
	free := []string{"now", "chit_deposit", "chit_refund"}
	if len(list.Tools) != len(prices)+len(free) {
		t.Errorf("%d tools are listed", len(list.Tools))
	}
	for _, tool := range list.Tools {
		announced, ok := tool.Meta[onmcp.MetaPrice]
		if slices.Contains(free, tool.Name) {
			if ok {
				t.Errorf("%s is free and announces %s", tool.Name, announced)
			}
			continue
		}
		required, err := x402.DecodePaymentRequired(announced)
		if err != nil {
			t.Errorf("%s announces %s: %v", tool.Name, announced, err)
			continue
		}
		if got := required.Accepts[0].Amount; got != prices[tool.Name] || required.Resource.URL != "mcp://tool/"+tool.Name {
			t.Errorf("%s announces %s for %s", tool.Name, got, required.Resource.URL)
		}
	}
}

func TestARefusalByAToolWithAnOutputSchemaIsTextAlone(t *testing.T) {
	options := selling(t)
	options.Prices["measure"] = "0.001"
	shop := shoptest.Open(t, options, new(tool).add, func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("measure", mcp.WithOutputSchema[struct{ Length int }]()), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultStructured(map[string]any{"Length": 3}, "3"), nil
		})
	})
	c := regular(t, shop, "payer", usdc)
	refusedOnCredit := callOn(t, shop.URL, "chit_forged", "measure", nil)
	for name, got := range map[string]answer{"unpaid": c.call("measure", nil), "badly paid": c.call("measure", c.pays(price-1)), "on credit": refusedOnCredit} {
		if got.result == nil || !got.result.IsError || len(got.result.RawStructuredContent) != 0 || !strings.HasPrefix(got.text(), "{") {
			t.Errorf("%s: %s %q", name, got.raw, got.failure)
		}
	}
	if required, err := x402.DecodePaymentRequired([]byte(c.call("measure", nil).text())); err != nil || required.Accepts[0].Amount != price {
		t.Errorf("the terms are %+v, %v", required, err)
	}
	if got := c.call("measure", c.pays(price)); got.result.IsError || string(got.result.RawStructuredContent) != `{"Length":3}` {
		t.Errorf("paid, it is %s", got.raw)
	}
}

func TestACallThatFailsCostsNothingAndItsVoucherPaysTheNext(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error)
		// says is what the payer is told.
		says string
	}{
		{"a result that is an error", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultError("no such page"), nil
		}, "no such page"},
		{"a Go error", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return nil, errors.New("the disk is gone")
		}, "the disk is gone"},
		{"a panic", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("at the wheel") }, "at the wheel"},
		{"no result at all", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil }, "gave no result"},
		{"a deadline of its own", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			ctx, cancel := context.WithTimeout(ctx, 1)
			defer cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}, "deadline exceeded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			work := &tool{do: test.do}
			shop := shoptest.Open(t, selling(t), work.add)
			c := regular(t, shop, "payer", usdc)
			failed := c.call("work", c.pays(price))
			if said := string(failed.raw) + failed.failure; !strings.Contains(said, test.says) || strings.Contains(said, "done") {
				t.Errorf("answered %q, want word of %q", said, test.says)
			}
			if failed.result != nil {
				if got := failed.receipt(); *got.Extra.ChargedAmount != 0 || *got.Extra.ChannelState.ChargedCumulativeAmount != 0 {
					t.Errorf("the receipt says %+v", got.Extra)
				}
			}
			if got := c.ledger(shop); got.Charged != 0 || got.Reserved != 0 || got.InFlight != 0 {
				t.Errorf("the failed call left %+v", got)
			}
			work.do = nil
			if got := c.callWith(t.Context(), map[string]any{"another": 1}, c.pays(price)); got.text() != "done" {
				t.Errorf("the same voucher for another call: %s", got.raw)
			}
			if got := c.ledger(shop); got.Charged != price || work.runs.Load() != 2 {
				t.Errorf("charged %s after %d runs", got.Charged, work.runs.Load())
			}
		})
	}
}

func TestACallWhoseCallerIsGoneCostsNothing(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	work := &tool{do: func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return mcp.NewToolResultText("too late"), nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan answer)
	go func() { gone <- c.callWith(ctx, nil, c.pays(price)) }()
	<-started
	if got := c.ledger(shop); got.InFlight != 1 || got.Reserved != price {
		t.Errorf("while the tool runs the channel is %+v", got)
	}
	hangUp()
	if got := <-gone; !errors.Is(got.err, context.Canceled) {
		t.Errorf("the caller got %s, %v", got.raw, got.err)
	}
	<-ended
	work.do = nil
	if got := c.callWith(t.Context(), map[string]any{"another": 1}, c.pays(price)); got.text() != "done" {
		t.Errorf("the same voucher for another call: %s", got.raw)
	}
	if got := c.ledger(shop); got.Charged != price {
		t.Errorf("charged %s", got.Charged)
	}
}

func TestAFailedCallIsReleasedBeforeItIsAnswered(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	call, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": "work", "_meta": map[string]any{x402.MetaPayment: c.pays(price)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, next := range map[string]func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error){
		"error": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, errors.New("no") },
		"panic": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("no") },
		"result": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultError("no"), nil
		},
	} {
		tools := mcpserver.NewMCPServer("it fails", "1")
		tools.AddTool(mcp.NewTool("work"), next)
		shop.Sell(tools)
		tools.HandleMessage(t.Context(), call)
		if got := c.ledger(shop); got.InFlight != 0 || got.Reserved != 0 || got.Charged != 0 {
			t.Errorf("after a failure by %s the channel is %+v", name, got)
		}
	}
}

func TestAReceiptHasTheShapeOfTheScheme(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	got := c.call("work", c.pays(250_000)) // a ceiling far above the price: the price is charged
	var meta struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	if err := json.Unmarshal(got.raw, &meta); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"extra":{"channelState":{"balance":"1000000","channelId":%q,"chargedCumulativeAmount":"1000","refundNonce":"0","totalClaimed":"0","withdrawRequestedAt":0},"chargedAmount":"1000"},`+
		`"network":"eip155:31337","payer":%q,"success":true,"transaction":""}`, c.id, c.config.Payer)
	if got := sorted(t, meta.Meta["x402/payment-response"]); got != want {
		t.Errorf("the receipt is\n%s\nwant\n%s", got, want)
	}
	if len(meta.Meta) != 2 || meta.Meta[onmcp.MetaReceipt] == nil {
		t.Errorf("_meta is %s", got.raw)
	}
}

// sorted is JSON with the names of objects in order.
func sorted(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestAResultPassesUntouchedButForItsReceipt(t *testing.T) {
	structured := map[string]any{"pages": []any{"a", "b"}}
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{
			Result:            mcp.Result{Meta: &mcp.Meta{AdditionalFields: map[string]any{"shop/colour": "blue"}}},
			Content:           []mcp.Content{mcp.NewTextContent("one"), mcp.NewImageContent("aGVsbG8=", "image/png"), mcp.NewAudioContent("aGVsbG8=", "audio/wav")},
			StructuredContent: structured,
		}, nil
	}}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	paid := c.identified(c.pays(price), "sixteen-letters-")
	first := c.call("work", paid)
	if *first.receipt().Extra.ChargedAmount != price {
		t.Errorf("the receipt says %+v", first.receipt())
	}
	const content = `"content":[{"text":"one","type":"text"},{"data":"aGVsbG8=","mimeType":"image/png","type":"image"},{"data":"aGVsbG8=","mimeType":"audio/wav","type":"audio"}]`
	for i, got := range []answer{first, c.call("work", paid)} {
		text := sorted(t, got.raw)
		if !strings.Contains(text, content) || !strings.Contains(text, `"shop/colour":"blue"`) || !strings.Contains(text, `"structuredContent":{"pages":["a","b"]}`) {
			t.Errorf("answer %d is %s", i, text)
		}
	}
	picture := send(t.Context(), t, shop.URL, "identicon", map[string]any{"text": "x"}, set(tree(t, c.pays(6_000)), "5000", "accepted", "amount"))
	if len(picture.result.Content) != 2 || *picture.receipt().Extra.ChargedAmount != 5_000 {
		t.Fatalf("the picture is %s", picture.raw)
	}
	if image, ok := picture.result.Content[1].(mcp.ImageContent); !ok || image.MIMEType != "image/png" || !strings.HasPrefix(image.Data, "iVBORw0KGgo") {
		t.Errorf("the picture is a %T", picture.result.Content[1])
	}
}

func TestManyPayersWithManyCallsInFlightAreChargedForEachOnce(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	const payers, calls = 8, 25
	var all sync.WaitGroup
	customers := make([]*customer, payers)
	for i := range customers {
		customers[i] = regular(t, shop, fmt.Sprintf("payer %d", i), usdc)
		for n := range calls {
			paid := customers[i].pays(vouchers.Amount(n+1) * price)
			all.Go(func() {
				if got := customers[i].callWith(t.Context(), map[string]any{"n": n}, paid); got.code() != "" || got.text() != "done" {
					t.Errorf("call %d of payer %d: %s", n, i, got.raw)
				}
			})
		}
	}
	all.Wait()
	for i, c := range customers {
		if got := c.ledger(shop); got.Charged != calls*price || got.Reserved != 0 || got.InFlight != 0 {
			t.Errorf("payer %d was charged %s, in flight %d", i, got.Charged, got.InFlight)
		}
	}
	if got := work.runs.Load(); got != payers*calls {
		t.Errorf("the tool has run %d times", got)
	}
}
