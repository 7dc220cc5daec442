package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp/rawmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// requests are calls of the tool "mirror" that hold a payment, or something like one,
// in every place and spelling.
var requests = map[string]struct {
	params string
	lifted bool
}{
	"no _meta":              {`"name":"mirror"`, false},
	"no payment":            {`"name":"mirror","_meta":{"a":1}`, false},
	"alone":                 {`"name":"mirror","_meta":{"x402/payment":{"a":[1,{"b":"}"}]}}`, true},
	"first":                 {`"_meta":{"x402/payment":{"a":1},"progressToken":7,"b":2},"name":"mirror"`, true},
	"between":               {`"_meta":{"b":2,"x402/payment":{"a":1},"c":{}},"name":"mirror"`, true},
	"last":                  {`"name":"mirror","_meta":{"b":2,"c":[],"x402/payment":{"a":1}}`, true},
	"spread out":            {"\"name\":\"mirror\",\"_meta\" : \n{ \"x402/payment\"\t:\r\n {\"a\": 1 } , \"b\" : 2 } ", true},
	"spread out, last":      {"\"name\":\"mirror\",\"_meta\" : { \"b\" : 2 , \"x402/payment\" : {} }", true},
	"a string":              {`"name":"mirror","_meta":{"x402/payment":"a \" , } ] \\","b":2}`, true},
	"null":                  {`"name":"mirror","_meta":{"x402/payment":null,"b":2}`, true},
	"a number":              {`"name":"mirror","_meta":{"x402/payment":1}`, true},
	"twice":                 {`"name":"mirror","_meta":{"x402/payment":{"a":1},"x402/payment":{"a":2}}`, false},
	"two params":            {`"name":"mirror","_meta":{"x402/payment":{"a":1}}},"params":{"name":"mirror"`, false},
	"two _meta":             {`"name":"mirror","_meta":{"x402/payment":{"a":1}},"_meta":{"b":2}`, false},
	"a name twice within":   {`"name":"mirror","_meta":{"x402/payment":{"b":{"a":1,"a":2}}}`, true},
	"a name twice outside":  {`"name":"mirror","name":"mirror","_meta":{"x402/payment":{"a":1}}`, true},
	"an escaped name":       {`"name":"mirror","_meta":{"x402\/payment":{"a":1}}`, false},
	"in another case":       {`"name":"mirror","_Meta":{"x402/payment":{"a":1}}`, false},
	"in the arguments":      {`"name":"mirror","arguments":{"_meta":{"x402/payment":{"a":1}}}`, false},
	"_meta is no object":    {`"name":"mirror","_meta":"x402/payment","a":"x402/payment"`, false},
	"a text of that kind":   {`"name":"mirror","_meta":{"a":"\"x402/payment\":"}`, false},
	"broken within":         {`"name":"mirror","_meta":{"x402/payment":{"a":}}`, false},
	"broken after":          {`"name":"mirror","_meta":{"x402/payment":{"a":1}},"b"`, false},
	"a comma too many":      {`"name":"mirror","_meta":{"x402/payment":{"a":1},}`, false},
	"no UTF-8":              {"\"name\":\"mirror\",\"_meta\":{\"x402/payment\":{\"a\":\"\xff\"}}", false},
	"cut off":               {`"name":"mirror","_meta":{"x402/payment":{"a":1`, false},
	"the end of the body":   {`"name":"mirror","_meta":{"x402/payment":{"a":1}}}}{"b":`, false},
	"in short":              {`"name":"mirror","_meta":{"b":2,"chit/pay":"AQ"}`, true},
	"in short, alone":       {`"name":"mirror","_meta":{"chit/pay":"AQ"}`, true},
	"in short, no text":     {`"name":"mirror","_meta":{"chit/pay":{"a":[1]},"b":2}`, true},
	"in short, twice":       {`"name":"mirror","_meta":{"chit/pay":"AQ","chit/pay":"AQ"}`, false},
	"in both forms":         {`"name":"mirror","_meta":{"x402/payment":{"a":1},"chit/pay":"AQ"}`, false},
	"a tool that is unsold": {`"name":"unsold","_meta":{"x402/payment":{"a":1}}`, true},
}

// mirror answers with the _meta that a tool gets to see.
func mirror(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	raw, err := json.Marshal(req.Params.Meta)
	return mcp.NewToolResultText(string(raw)), err
}

func TestACallWhosePaymentIsLiftedIsTheSameCall(t *testing.T) {
	var tools *mcpserver.MCPServer
	shoptest.Open(t, shoptest.Options(t), func(s *mcpserver.MCPServer) {
		tools = s
		s.AddTool(mcp.NewTool("mirror"), mirror)
	})
	streamable := mcpserver.NewStreamableHTTPServer(tools, mcpserver.WithStateLess(true))
	var arrived string
	lifting := rawmcp.LiftPayments(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Errorf("%d bytes of %d: %v", len(body), r.ContentLength, err)
		}
		arrived = string(body)
		r.Body = io.NopCloser(strings.NewReader(arrived))
		streamable.ServeHTTP(w, r)
	}))
	for name, test := range requests {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + test.params + `}}`
		want, got := reply(t, streamable, body), reply(t, lifting, body)
		if got != want {
			t.Errorf("%s: with the payment lifted %s\nwithout %s", name, got, want)
		}
		if lifted := arrived != body; lifted != test.lifted || lifted && (strings.Contains(arrived, x402.MetaPayment) || strings.Contains(arrived, short.MetaPay)) {
			t.Errorf("%s: what arrives is %s", name, arrived)
		}
	}
}

// reply is the answer to a request, with the members of objects in order.
func reply(t *testing.T, handler http.Handler, body string) string {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	var answered struct {
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answered); err != nil || len(answered.Result.Content) == 0 {
		return w.Body.String()
	}
	return sorted(t, json.RawMessage(answered.Result.Content[0].Text))
}

func TestWhatAToolCallsInItsTurnIsNotPaidByItsPayment(t *testing.T) {
	var inner string
	shop := shoptest.Open(t, selling(t), new(tool).add, func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("outer"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			raw, err := json.Marshal(s.HandleMessage(ctx, json.RawMessage(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"work"}}`)))
			inner = string(raw)
			return mcp.NewToolResultText("done"), err
		})
	})
	if err := shop.SetRates(server.Prices{"outer": "0.001", "work": "0.001"}, nil); err != nil {
		t.Fatal(err)
	}
	c := regular(t, shop, "payer", usdc)
	if got := c.call("outer", c.pays(price)); got.text() != "done" || *got.receipt().Extra.ChargedAmount != price {
		t.Errorf("answered %s", got.raw)
	}
	if !strings.Contains(inner, string(x402.ErrPaymentRequired)) {
		t.Errorf("the call within is answered %s", inner)
	}
}

func TestABodyThatBreaksOffIsAnsweredAsOne(t *testing.T) {
	broken := errors.New("the line is cut")
	var got error
	lifting := rawmcp.LiftPayments(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body []byte
		body, got = io.ReadAll(r.Body)
		if string(body) != `{"jsonrpc"` {
			t.Errorf("what arrives is %s", body)
		}
	}))
	read, write := io.Pipe()
	go func() {
		_, _ = write.Write([]byte(`{"jsonrpc"`))
		_ = write.CloseWithError(broken)
	}()
	lifting.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", read))
	if !errors.Is(got, broken) {
		t.Errorf("the error is %v", got)
	}
}
