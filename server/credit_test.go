package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// signed signs an order of the customer.
func (c *customer) signed(o order.Order) (deadline uint64, signature vouchers.Signature) {
	c.t.Helper()
	o.Channel, o.Deadline = c.id, uint64(time.Now().Add(order.Lifetime).Unix())
	signature, err := c.key.SignHash(c.t.Context(), o.Digest())
	if err != nil {
		c.t.Fatal(err)
	}
	return o.Deadline, signature
}

// wants are the arguments of a grant.
func (c *customer) wants(scope macaroon.Scope) token.GrantArguments {
	c.t.Helper()
	if scope.Expires.IsZero() {
		scope.Expires = time.Now().Add(time.Hour)
	}
	caveats, err := scope.Caveats()
	if err != nil {
		c.t.Fatal(err)
	}
	a := token.GrantArguments{Label: "swarm"}
	for _, caveat := range caveats {
		a.Caveats = append(a.Caveats, caveat.String())
	}
	a.Deadline, a.Signature = c.signed(order.Order{Action: "grant", Subject: order.GrantSubject(caveats, a.Label)})
	return a
}

// offered are the customer's terms with another amount.
func (c *customer) offered(amount, ceiling vouchers.Amount) *x402.PaymentPayload {
	p := c.pays(ceiling)
	p.Accepted.Amount = amount
	return p
}

// granted is a token for a scope, paid over what the channel has spoken for.
func (c *customer) granted(scope macaroon.Scope, spokenFor vouchers.Amount) token.Granted {
	c.t.Helper()
	a := send(c.t.Context(), c.t, c.url, onmcp.CreditGrantTool, c.wants(scope), c.offered(scope.Budget, spokenFor+scope.Budget))
	var g token.Granted
	a.structured(&g)
	if charged := a.receipt().Extra.ChargedAmount; *charged != scope.Budget {
		c.t.Fatalf("the grant of %s is charged %s", scope.Budget, charged)
	}
	return g
}

// structured decodes the structured content of a result that is no error.
func (a answer) structured(into any) {
	a.t.Helper()
	if a.result == nil || a.result.IsError {
		a.t.Fatalf("refused: %s %q %v", a.raw, a.failure, a.err)
	}
	if err := json.Unmarshal(a.result.RawStructuredContent, into); err != nil {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
}

// creditRefusal is the refusal of a token, which the answer must be.
func (a answer) creditRefusal() (r struct {
	Type, Code, Caveat, Message string
	Required, Remaining         *vouchers.Amount
	RetryAfter                  int64
	Help                        *terms.CreditHelp
},
) {
	a.t.Helper()
	if a.result == nil || !a.result.IsError {
		a.t.Fatalf("not refused: %s %q %v", a.raw, a.failure, a.err)
	}
	if err := json.Unmarshal(a.result.RawStructuredContent, &r); err != nil || a.text() == "" {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
	return r
}

// callOn calls a tool with a token in _meta.
func callOn(t testing.TB, url, token, tool string, arguments any) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": tool, "arguments": arguments, "_meta": map[string]any{onmcp.MetaCredit: token},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return post(t.Context(), t, url, body)
}

// withHeader is an MCP client that nobody has changed, whose configuration has a header.
func withHeader(t testing.TB, url, token string, options ...transport.StreamableHTTPCOption) *mcpclient.Client {
	t.Helper()
	options = append(options, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token}))
	client, err := mcpclient.NewStreamableHttpClient(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return client
}

func calls(t testing.TB, client *mcpclient.Client, name string) *mcp.CallToolResult {
	t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name = name
	result, err := client.CallTool(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAnUnmodifiedMCPClientPaysWithAHeader(t *testing.T) {
	work := new(tool)
	var seen mcp.CallToolRequest
	work.do = func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		seen = req
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 2 * price}, 0)
	client := withHeader(t, shop.URL, g.Token)
	for left := vouchers.Amount(price); ; left -= price {
		result := calls(t, client, "work")
		if result.IsError {
			t.Fatalf("refused: %+v", result.Content)
		}
		receipt, err := x402.DecodeValue[x402.SettlementResponse](result.Meta.AdditionalFields[x402.MetaPaymentResponse])
		if err != nil || *receipt.Extra.ChargedAmount != price || receipt.Payer != c.key.Address() || receipt.Extra.ChannelState != nil {
			t.Errorf("the receipt is %+v, %v", receipt, err)
		}
		if got := fmt.Sprint(result.Meta.AdditionalFields[onmcp.MetaCredit]); !strings.Contains(got, "remaining:"+left.Atomic()) || !strings.Contains(got, g.Grant.ID.String()) {
			t.Errorf("the answer says %s, want %s left", got, left)
		}
		if left == 0 {
			break
		}
	}
	if result := calls(t, client, "work"); !result.IsError {
		t.Error("more than the budget was spent")
	}
	if got := c.ledger(shop); got.Charged != 2*price || got.Aside != 0 {
		t.Errorf("charged %s, aside %s", got.Charged, got.Aside)
	}
	if seen.Header.Get("Authorization") != "" {
		t.Error("the tool sees the token")
	}
	if result := calls(t, client, "now"); result.IsError {
		t.Error("a free tool is refused")
	}
}

func TestATokenInMetaPaysAndIsNotShownToTheTool(t *testing.T) {
	work := new(tool)
	work.do = func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if _, shown := req.Params.Meta.AdditionalFields[onmcp.MetaCredit]; shown {
			return mcp.NewToolResultText("it sees the token"), nil
		}
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price}, 0)
	if got := callOn(t, shop.URL, g.Token, "work", nil).text(); got != "done" {
		t.Errorf("the answer is %q", got)
	}
}

func TestAFailedToolGivesTheTokenItsMoneyBack(t *testing.T) {
	work := new(tool)
	work.do = func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("no"), nil
	}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: price, Calls: 1}, 0)
	for range 3 {
		a := callOn(t, shop.URL, g.Token, "work", nil)
		if a.text() != "no" || *a.receipt().Extra.ChargedAmount != 0 {
			t.Fatalf("the answer is %s", a.raw)
		}
	}
	work.do = func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("broken") }
	if a := callOn(t, shop.URL, g.Token, "work", nil); a.result != nil && !a.result.IsError {
		t.Fatalf("a panic was sold: %s", a.raw)
	}
	work.do = nil
	if got := callOn(t, shop.URL, g.Token, "work", nil).text(); got != "done" {
		t.Errorf("the answer is %q", got)
	}
}

func TestVouchersAndTokensShareAChannel(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	if got := c.call("work", c.pays(price)).receipt(); *got.Extra.ChannelState.ChargedCumulativeAmount != price {
		t.Fatalf("%+v", got.Extra)
	}
	budget := 10 * vouchers.Amount(price)
	g := c.granted(macaroon.Scope{Budget: budget}, price)
	if code := c.call("work", c.pays(2*price)).code(); code != x402.ErrCumulativeAmountMismatch {
		t.Errorf("a voucher that takes back what was granted: %q", code)
	}
	if got := c.call("work", c.pays(budget+2*price)).receipt(); *got.Extra.ChannelState.ChargedCumulativeAmount != budget+2*price {
		t.Errorf("after a voucher over the grant: %+v", got.Extra)
	}
	callOn(t, shop.URL, g.Token, "work", nil).receipt()
	if got := c.call("work", c.pays(budget+3*price)).receipt(); *got.Extra.ChannelState.ChargedCumulativeAmount != budget+3*price {
		t.Errorf("after a call on the token: %+v", got.Extra)
	}
	rest := usdc - budget - 3*price
	if got := c.call("chit_refund", c.refunds(budget+3*price, nil)).receipt(); *got.Amount != rest {
		t.Errorf("refunded %s, want %s", got.Amount, rest)
	}
	for range 9 {
		callOn(t, shop.URL, g.Token, "work", nil).receipt()
	}
	if code := callOn(t, shop.URL, g.Token, "work", nil).creditRefusal().Code; code != "budget_exhausted" {
		t.Errorf("refused with %q", code)
	}
}

func TestEveryRefusalSaysWhatWouldHelp(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 15_000, Tools: []string{"work", "hash", "primes", "identicon", "unreliable"}, PerCall: 5_000}, 0)
	small := c.granted(macaroon.Scope{Budget: 1_500}, 15_000)
	token, err := macaroon.Parse(g.Token)
	if err != nil {
		t.Fatal(err)
	}
	narrow := func(scope macaroon.Scope) string {
		narrower, err := token.Attenuate(scope)
		if err != nil {
			t.Fatal(err)
		}
		return narrower.Text()
	}
	refused := func(token, tool string) string {
		r := callOn(t, shop.URL, token, tool, map[string]any{"limit": 10}).creditRefusal()
		line := fmt.Sprintf("%s %s", r.Code, r.Caveat)
		if r.Type != credit.RefusalType+r.Code || (r.Required == nil) != (r.Remaining == nil) {
			t.Errorf("the refusal is %+v", r)
		}
		if r.Required != nil {
			line += fmt.Sprintf(" %d/%d", *r.Required, *r.Remaining)
		}
		if r.Help == nil {
			return line
		}
		for _, tool := range r.Help.Tools {
			line += fmt.Sprintf(" %s:%d", tool.Name, tool.Price)
		}
		if r.Help.TopUp != "" {
			line += " top-up"
		}
		if r.Help.AskOwner.Payer != c.key.Address() || r.Help.AskOwner.Label != "swarm" {
			t.Errorf("%s: ask %+v", line, r.Help.AskOwner)
		}
		return line
	}
	for _, test := range []struct{ name, got, want string }{
		{"too dear a call", refused(g.Token, "unreliable"), "per_call_exceeded per_call=5000 10000/5000 hash:500 work:1000 primes:2000 identicon:5000"},
		{"another tool", refused(g.Token, "text_stats"), "tool_not_allowed tools=work,hash,primes,identicon,unreliable hash:500 work:1000 primes:2000 identicon:5000"},
		{"a small budget", refused(narrow(macaroon.Scope{Budget: 1_500}), "primes"), "budget_exhausted budget=1500 2000/1500 hash:500 work:1000"},
		{"a small grant", refused(small.Token, "primes"), "budget_exhausted budget=1500 2000/1500 hash:500 text_stats:1000 work:1000 top-up"},
		{"not yet", refused(narrow(macaroon.Scope{NotBefore: time.Unix(4_000_000_000, 0)}), "work"), "not_yet_valid not_before=4000000000"},
		{"not genuine", refused(g.Token+"A", "work"), "invalid_token "},
		{"no token", refused("", "work"), "invalid_token "},
	} {
		if test.got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, test.got, test.want)
		}
	}
	limited := narrow(macaroon.Scope{Rate: macaroon.Rate{Amount: 1_000, Period: time.Hour}})
	callOn(t, shop.URL, limited, "work", nil).receipt()
	if r := callOn(t, shop.URL, limited, "work", nil).creditRefusal(); r.Code != "rate_limited" || r.RetryAfter < 3590 || r.RetryAfter > 3600 {
		t.Errorf("%+v", r)
	}
}

// TestAnAgentDegradesToACheaperTool plays an agent that takes what a refusal offers.
func TestAnAgentDegradesToACheaperTool(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(macaroon.Scope{Budget: 2_600, Tools: []string{"work", "primes", "hash"}}, 0)
	want, took := "primes", []string{}
	for len(took) < 3 {
		a := callOn(t, shop.URL, g.Token, want, map[string]any{"limit": 10, "text": "x"})
		if !a.result.IsError {
			took = append(took, want)
			continue
		}
		want = "now" // what is free needs no token
		if offers := a.creditRefusal().Help.Tools; len(offers) > 0 {
			want = offers[len(offers)-1].Name // the best that still fits
		}
	}
	if got := strings.Join(took, " "); got != "primes hash now" {
		t.Errorf("the agent used %s", got)
	}
}
