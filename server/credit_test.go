package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// signed signs an order of the customer.
func (c *customer) signed(o credit.Order) (deadline uint64, signature vouchers.Signature) {
	c.t.Helper()
	o.Channel, o.Deadline = c.id, uint64(time.Now().Add(credit.OrderTime).Unix())
	signature, err := c.key.SignHash(c.t.Context(), o.Digest())
	if err != nil {
		c.t.Fatal(err)
	}
	return o.Deadline, signature
}

// wants are the arguments of a grant.
func (c *customer) wants(scope credit.Scope) server.GrantArguments {
	c.t.Helper()
	if scope.Expires.IsZero() {
		scope.Expires = time.Now().Add(time.Hour)
	}
	caveats, err := scope.Caveats()
	if err != nil {
		c.t.Fatal(err)
	}
	a := server.GrantArguments{Label: "swarm"}
	for _, caveat := range caveats {
		a.Caveats = append(a.Caveats, caveat.String())
	}
	a.Deadline, a.Signature = c.signed(credit.Order{Action: "grant", Subject: credit.GrantSubject(caveats, a.Label)})
	return a
}

// offered are the customer's terms with another amount.
func (c *customer) offered(amount, ceiling vouchers.Amount) *x402.PaymentPayload {
	p := c.pays(ceiling)
	p.Accepted.Amount = amount
	return p
}

// granted is a token for a scope, paid over what the channel has spoken for.
func (c *customer) granted(scope credit.Scope, spokenFor vouchers.Amount) server.Granted {
	c.t.Helper()
	a := send(c.t.Context(), c.t, c.url, server.CreditGrantTool, c.wants(scope), c.offered(scope.Budget, spokenFor+scope.Budget))
	var g server.Granted
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
	Code, Caveat, Message string
	Required, Remaining   vouchers.Amount
	RetryAfter            int64
	Help                  *server.CreditHelp
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
		"name": tool, "arguments": arguments, "_meta": map[string]any{server.MetaCredit: token},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return post(t.Context(), t, url, body)
}

// withHeader is an MCP client that nobody has changed, whose configuration has a header.
func withHeader(t testing.TB, url, token string) *mcpclient.Client {
	t.Helper()
	client, err := mcpclient.NewStreamableHttpClient(url, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token}))
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
	g := c.granted(credit.Scope{Budget: 2 * price}, 0)
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
		if got := fmt.Sprint(result.Meta.AdditionalFields[server.MetaCredit]); !strings.Contains(got, "remaining:"+left.Atomic()) || !strings.Contains(got, g.Grant.ID.String()) {
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
		if _, shown := req.Params.Meta.AdditionalFields[server.MetaCredit]; shown {
			return mcp.NewToolResultText("it sees the token"), nil
		}
		return mcp.NewToolResultText("done"), nil
	}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(credit.Scope{Budget: price}, 0)
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
	g := c.granted(credit.Scope{Budget: price, Calls: 1}, 0)
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
	g := c.granted(credit.Scope{Budget: budget}, price)
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
	g := c.granted(credit.Scope{Budget: 15_000, Tools: []string{"work", "hash", "primes", "identicon", "unreliable"}, PerCall: 5_000}, 0)
	token, err := credit.Parse(g.Token)
	if err != nil {
		t.Fatal(err)
	}
	narrow := func(scope credit.Scope) string {
		narrower, err := token.Attenuate(scope)
		if err != nil {
			t.Fatal(err)
		}
		return narrower.Text()
	}
	refused := func(token, tool string) string {
		r := callOn(t, shop.URL, token, tool, map[string]any{"limit": 10}).creditRefusal()
		line := fmt.Sprintf("%s %s %d/%d", r.Code, r.Caveat, r.Required, r.Remaining)
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
		{"too dear a call", refused(g.Token, "unreliable"), "per_call_exceeded per_call=5000 10000/5000 now:0 hash:500 work:1000 primes:2000 identicon:5000"},
		{"another tool", refused(g.Token, "text_stats"), "tool_not_allowed tools=work,hash,primes,identicon,unreliable 0/0 now:0 hash:500 work:1000 primes:2000 identicon:5000"},
		{"a small budget", refused(narrow(credit.Scope{Budget: 1_500}), "primes"), "budget_exhausted budget=1500 2000/1500 now:0 hash:500 work:1000 top-up"},
		{"not yet", refused(narrow(credit.Scope{NotBefore: time.Unix(4_000_000_000, 0)}), "work"), "not_yet_valid not_before=4000000000 0/0 now:0"},
		{"not genuine", refused(g.Token+"A", "work"), "invalid_token  0/0"},
		{"no token", refused("", "work"), "invalid_token  0/0"},
	} {
		if test.got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, test.got, test.want)
		}
	}
	limited := narrow(credit.Scope{Rate: credit.Rate{Amount: 1_000, Period: time.Hour}})
	callOn(t, shop.URL, limited, "work", nil).receipt()
	if r := callOn(t, shop.URL, limited, "work", nil).creditRefusal(); r.Code != "rate_limited" || r.RetryAfter < 3590 || r.RetryAfter > 3600 {
		t.Errorf("%+v", r)
	}
}

// TestAnAgentDegradesToACheaperTool plays an agent that takes what a refusal offers.
func TestAnAgentDegradesToACheaperTool(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(credit.Scope{Budget: 2_600, Tools: []string{"work", "primes", "hash"}}, 0)
	want, took := "primes", []string{}
	for len(took) < 3 {
		a := callOn(t, shop.URL, g.Token, want, map[string]any{"limit": 10, "text": "x"})
		if !a.result.IsError {
			took = append(took, want)
			continue
		}
		offers := a.creditRefusal().Help.Tools
		want = offers[len(offers)-1].Name // the best that still fits
	}
	if got := strings.Join(took, " "); got != "primes hash now" {
		t.Errorf("the agent used %s", got)
	}
}

func TestAGrantIsMadeOnceAndOnlyByThePayer(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c, thief := regular(t, shop, "payer", usdc), newCustomer(t, shop, "thief")
	grant := func(arguments server.GrantArguments, payment any) answer {
		return send(t.Context(), t, shop.URL, server.CreditGrantTool, arguments, payment)
	}
	arguments, paid := c.wants(credit.Scope{Budget: price}), c.offered(price, price)
	if a := grant(arguments, nil); a.refusal().Accepts[0].Amount != price {
		t.Errorf("without a payment: %s", a.raw)
	}
	stolen := arguments
	stolen.Deadline, stolen.Signature = thief.signed(credit.Order{Action: "grant"})
	if a := grant(stolen, paid); a.result == nil || !a.result.IsError || !strings.Contains(a.text(), credit.ErrOrder.Error()) {
		t.Errorf("with the thief's order: %s", a.raw)
	}
	widened := arguments
	widened.Label = "mine"
	if a := grant(widened, paid); !a.result.IsError {
		t.Errorf("with another label: %s", a.raw)
	}
	if a := grant(arguments, c.offered(price, price-1)); !a.result.IsError {
		t.Errorf("with too low a ceiling: %s", a.raw)
	}
	var first, second server.Granted
	grant(arguments, paid).structured(&first)
	again := grant(arguments, paid)
	again.structured(&second)
	if first.Token != second.Token || *again.receipt().Extra.ChargedAmount != 0 {
		t.Errorf("the same order: the same token %v, %s", first.Token == second.Token, again.raw)
	}
	if got := c.ledger(shop).Aside; got != price {
		t.Errorf("%s aside", got)
	}
	for name, bad := range map[string]server.GrantArguments{
		"no caveats":          {},
		"an unknown caveat":   {Caveats: []string{"budget=1", "colour=red"}},
		"a top-up of nothing": {Grant: &first.Grant.ID},
	} {
		if a := grant(bad, paid); a.result == nil || !a.result.IsError {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}

func TestThePayerListsTopsUpAndRevokes(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(credit.Scope{Budget: price}, 0)
	callOn(t, shop.URL, g.Token, "work", nil).receipt()
	order := func(o credit.Order, a server.CreditArguments) answer {
		a.Action, a.Channel = o.Action, c.id
		a.Deadline, a.Signature = c.signed(o)
		return send(t.Context(), t, shop.URL, server.CreditTool, a, nil)
	}
	topUp := server.GrantArguments{Grant: &g.Grant.ID, Amount: 3 * price}
	topUp.Deadline, topUp.Signature = c.signed(credit.Order{Action: "top-up", Subject: credit.TopUpSubject(g.Grant.ID, 3*price)})
	for range 2 {
		var topped server.Granted
		send(t.Context(), t, shop.URL, server.CreditGrantTool, topUp, c.offered(3*price, 4*price)).structured(&topped)
		if topped.Grant.Remaining() != 3*price || topped.Token != "" {
			t.Errorf("%+v", topped.Grant)
		}
	}
	callOn(t, shop.URL, g.Token, "work", nil).receipt()
	var list server.GrantList
	order(credit.Order{Action: "list"}, server.CreditArguments{}).structured(&list)
	if len(list.Grants) != 1 || list.Grants[0].Spent != 2*price || list.Grants[0].Label != "swarm" {
		t.Errorf("%+v", list)
	}
	var report credit.Report
	callOn(t, shop.URL, g.Token, server.CreditTool, server.CreditArguments{Action: "inspect"}).structured(&report)
	if report.Remaining != 2*price || report.Refused != nil {
		t.Errorf("%+v", report)
	}
	var ended credit.Grant
	order(credit.Order{Action: "revoke", Subject: g.Grant.ID.String()}, server.CreditArguments{Grant: &g.Grant.ID}).structured(&ended)
	if ended.Ended != credit.EndRevoked || *ended.Returned != 2*price {
		t.Errorf("%+v", ended)
	}
	if code := callOn(t, shop.URL, g.Token, "work", nil).creditRefusal().Code; code != "revoked" {
		t.Errorf("refused with %q", code)
	}
	if got := c.ledger(shop); got.Aside != 0 || got.Charged != 2*price {
		t.Errorf("%s aside, %s charged", got.Aside, got.Charged)
	}
	if a := send(t.Context(), t, shop.URL, server.CreditTool, map[string]any{"action": "list", "channel": c.id, "deadline": 1, "signature": "0x00"}, nil); !a.result.IsError {
		t.Errorf("a list without the payer's order: %s", a.raw)
	}
}

func TestTheOperatorSeesAndEndsGrants(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	g := c.granted(credit.Scope{Budget: price}, 0)
	admin := administrated(t, socket(t), shop.AdminHandler())
	if number, err := admin.RotateCreditKey(t.Context()); err != nil || number != 2 {
		t.Errorf("key %d, %v", number, err)
	}
	grants, err := admin.Grants(t.Context())
	if err != nil || len(grants) != 1 || grants[0].ID != g.Grant.ID {
		t.Errorf("%+v, %v", grants, err)
	}
	if ended, err := admin.RevokeGrant(t.Context(), g.Grant.ID); err != nil || *ended.Returned != price {
		t.Errorf("%+v, %v", ended, err)
	}
	if _, err := admin.RevokeGrant(t.Context(), credit.GrantID{1}); err == nil {
		t.Error("a grant that is none was revoked")
	}
}

func TestAPlainRouteTakesTokens(t *testing.T) {
	var log lockedBuffer
	o := selling(t)
	o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	status := http.StatusOK
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "GET /weather", Price: func() vouchers.Amount { return price }},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				t.Error("the route sees the token")
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "sunny")
		})))
	t.Cleanup(route.Close)
	get := func(token string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, route.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	routes := []string{"GET /*"}
	g := c.granted(credit.Scope{Budget: 2 * price, Tools: routes}, 0)
	status = http.StatusTeapot
	if resp, _ := get(g.Token); resp.StatusCode != status || resp.Header.Get("Chit-Credit-Remaining") != "2000" {
		t.Errorf("a failure: %s, %s left", resp.Status, resp.Header.Get("Chit-Credit-Remaining"))
	}
	status = http.StatusOK
	resp, body := get(g.Token)
	receipt, err := x402.DecodeHeader[x402.SettlementResponse](resp.Header.Get(x402.HeaderPaymentResponse))
	if err != nil || body != "sunny" || *receipt.Extra.ChargedAmount != price || resp.Header.Get("Chit-Credit-Remaining") != "1000" {
		t.Errorf("%s %q %+v %v", resp.Status, body, receipt, err)
	}
	get(g.Token)
	limited := c.granted(credit.Scope{Budget: 10 * price, Rate: credit.Rate{Amount: price, Period: time.Hour}}, 2*price)
	get(limited.Token)
	other := c.granted(credit.Scope{Budget: price, Tools: []string{"POST /*"}}, 12*price)
	for _, test := range []struct {
		name, token, code string
		status            int
	}{
		{"an empty budget", g.Token, "budget_exhausted", http.StatusPaymentRequired},
		{"too fast", limited.Token, "rate_limited", http.StatusTooManyRequests},
		{"another route", other.Token, "tool_not_allowed", http.StatusForbidden},
		{"not genuine", g.Token[:100], "invalid_token", http.StatusUnauthorized},
	} {
		resp, body := get(test.token)
		var problem struct {
			Type, Code string
			Status     int
		}
		if err := json.Unmarshal([]byte(body), &problem); err != nil {
			t.Fatalf("%s: %v in %s", test.name, err, body)
		}
		if resp.StatusCode != test.status || problem.Status != test.status || problem.Code != test.code || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %+v", test.name, resp.Status, problem)
		}
		if (resp.Header.Get("Retry-After") != "") != (test.status == http.StatusTooManyRequests) || (resp.Header.Get(x402.HeaderPaymentRequired) != "") != (test.status == http.StatusPaymentRequired) {
			t.Errorf("%s: the headers are %v", test.name, resp.Header)
		}
	}
	if text := log.String(); strings.Contains(text, credit.Prefix+"Ag") || !strings.Contains(text, "tool_not_allowed") {
		t.Errorf("the log: %s", text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func TestBudgetsNeverAddUpToMoreThanTheChannelCanPay(t *testing.T) {
	o := selling(t)
	o.Prices = maps.Clone(o.Prices)
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", 10*price)
	c.granted(credit.Scope{Budget: 6 * price}, 0)
	a := send(t.Context(), t, shop.URL, server.CreditGrantTool, c.wants(credit.Scope{Budget: 5 * price}), c.offered(5*price, 11*price))
	if code := a.code(); code != x402.ErrCumulativeExceedsBalance {
		t.Errorf("refused with %q", code)
	}
	c.granted(credit.Scope{Budget: 4 * price}, 6*price)
	if code := c.call("work", c.pays(11*price)).code(); code != x402.ErrCumulativeExceedsBalance {
		t.Errorf("a voucher over the grants: %q", code)
	}
}
