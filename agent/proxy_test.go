package agent_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestAClientThatKnowsNothingOfPaymentsPaysThroughTheProxy(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy = agent.Policy{Total: 3 * price}
	b := through(t, shop.URL, o)
	tools, err := b.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, tool := range tools.Tools {
		names[tool.Name] = true
	}
	if !names["work"] || !names[agent.BalanceTool] || names["chit_deposit"] || names["chit_refund"] {
		t.Errorf("the tools are %v", names)
	}
	for range 3 {
		if result := b.call(t, "work", nil); text(t, result) != "done" || result.IsError {
			t.Errorf("the call gave %+v", result)
		}
	}
	refused := problem(t, b.call(t, "work", nil))
	if refused.Code != string(agent.CodeBudgetExhausted) || refused.Required != price || refused.Remaining != 0 || !strings.Contains(refused.Help, "free") {
		t.Errorf("out of budget is told as %+v", refused)
	}
	if result := b.call(t, "now", nil); result.IsError {
		t.Errorf("a free tool after it: %+v", result)
	}
	var balance agent.Balance
	told := b.call(t, agent.BalanceTool, nil)
	if err := json.Unmarshal(told.RawStructuredContent, &balance); err != nil {
		t.Fatal(err)
	}
	if balance.Channel != 10*usdc-3*price || balance.Wallet != 90*usdc || balance.Spent.Total != 3*price || len(balance.Limits) != 2 || balance.Limits[0].Remaining != 0 {
		t.Errorf("the balance is %+v", balance)
	}
	if !strings.Contains(text(t, told), "9.997 USDC left") {
		t.Errorf("the balance reads\n%s", text(t, told))
	}
	for channel := range shop.Ledger.Channels() {
		if channel.Charged != 3*price {
			t.Errorf("the shop has charged %s", channel.Charged)
		}
	}
}

func TestAnEmptyChannelIsToldAndTheProxyTopsUpIfItMay(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	if got := problem(t, through(t, shop.URL, o).call(t, "work", nil)); got.Code != string(agent.CodeBalanceExhausted) || got.Required != price || got.Remaining != 0 {
		t.Errorf("an empty channel is told as %+v", got)
	}
	o.TopUp = agent.TopUp{Amount: 2 * usdc}
	b := through(t, shop.URL, o)
	if result := b.call(t, "work", nil); result.IsError {
		t.Errorf("the call gave %+v", result)
	}
	for channel := range shop.Ledger.Channels() {
		if channel.Balance != 2*usdc || channel.Charged != price {
			t.Errorf("the channel is %+v", channel)
		}
	}
}

func TestWhatAServerDoesWrongIsToldThroughTheProxyWithoutItsGoods(t *testing.T) {
	for code, test := range map[agent.Code]struct {
		says answers
		cut  int
	}{
		agent.CodeDishonest:      {says: bentReceipt(func(r *x402.SettlementResponse) { r.Extra.ChargedAmount = nil })},
		agent.CodeUnknownOutcome: {says: bentReceipt(func(*x402.SettlementResponse) {}), cut: 2},
		agent.Code(x402.ErrVoucherSignature): {says: func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			return l.refuse(x402.ErrVoucherSignature, l.terms)
		}},
	} {
		o := options(t)
		l := newLiar(t, o, test.says)
		l.cut = test.cut
		result := through(t, l.url, o).call(t, "work", nil)
		if got := problem(t, result); got.Code != string(code) || strings.Contains(text(t, result), "done") {
			t.Errorf("%s is told as %+v", code, got)
		}
		if l.most() != price {
			t.Errorf("%s: signed up to %s", code, l.most())
		}
	}
}

// gratis is a server with sessions, whose tools cost nothing.
func gratis(t testing.TB, add func(*mcpserver.MCPServer)) string {
	t.Helper()
	tools := mcpserver.NewMCPServer("gratis", "1", mcpserver.WithToolCapabilities(true), mcpserver.WithElicitation())
	tools.EnableSampling()
	add(tools)
	web := httptest.NewServer(mcpserver.NewStreamableHTTPServer(tools, mcpserver.WithStateful(true)))
	t.Cleanup(web.Close)
	t.Cleanup(web.CloseClientConnections)
	return web.URL
}

// wide adds everything that a server can have to the tool "work".
func wide(release chan struct{}) func(*mcpserver.MCPServer) {
	return func(s *mcpserver.MCPServer) {
		work(s)
		s.AddTool(mcp.NewTool("big"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultImage("a picture", strings.Repeat("QUJD", 2<<20), "image/png"), nil
		})
		s.AddTool(mcp.NewTool("steps"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			err := s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": r.Params.Meta.ProgressToken, "progress": 1, "total": 2})
			return mcp.NewToolResultText("two steps"), err
		})
		s.AddTool(mcp.NewTool("grow"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			s.AddTool(mcp.NewTool("grown"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText("new"), nil
			})
			return mcp.NewToolResultText("grown"), nil
		})
		s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			release <- struct{}{}
			<-ctx.Done()
			release <- struct{}{}
			return nil, ctx.Err()
		})
		s.AddTool(mcp.NewTool("think"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			//lint:ignore SA1019 the servers that are out there
			answer, err := s.RequestSampling(ctx, mcp.CreateMessageRequest{})
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(fmt.Sprint("the model is ", answer.Model)), nil
		})
		s.AddResource(mcp.NewResource("file:///notes", "notes"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.BlobResourceContents{URI: "file:///notes", Blob: base64.StdEncoding.EncodeToString([]byte{0, 255, 10})}}, nil
		})
		s.AddPrompt(mcp.NewPrompt("greet"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return mcp.NewGetPromptResult("a greeting", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("hello"))}), nil
		})
	}
}

func TestEverythingAServerHasComesThroughTheProxy(t *testing.T) {
	b := through(t, gratis(t, wide(nil)), options(t), mcpclient.WithSamplingHandler(sampler{}))
	picture, ok := b.call(t, "big", nil).Content[1].(mcp.ImageContent)
	if !ok || len(picture.Data) != 8<<20 {
		t.Errorf("the picture has %d characters", len(picture.Data))
	}
	resource, err := b.ReadResource(t.Context(), mcp.ReadResourceRequest{Params: mcp.ReadResourceParams{URI: "file:///notes"}})
	if err != nil || len(resource.Contents) != 1 || resource.Contents[0].(mcp.BlobResourceContents).Blob != "AP8K" {
		t.Errorf("the resource is %+v, %v", resource, err)
	}
	prompt, err := b.GetPrompt(t.Context(), mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: "greet"}})
	if err != nil || len(prompt.Messages) != 1 {
		t.Errorf("the prompt is %+v, %v", prompt, err)
	}
	var steps mcp.CallToolRequest
	steps.Params.Name, steps.Params.Meta = "steps", &mcp.Meta{ProgressToken: "mine"}
	if result, err := b.CallTool(t.Context(), steps); err != nil || text(t, result) != "two steps" {
		t.Errorf("the steps gave %+v, %v", result, err)
	}
	if got := b.next(t, "notifications/progress"); got["progressToken"] != "mine" || got["progress"] != 1.0 {
		t.Errorf("the progress is %v", got)
	}
	if got := text(t, b.call(t, "think", nil)); got != "the model is mine" {
		t.Errorf("sampling gave %q", got)
	}
	b.call(t, "grow", nil)
	b.next(t, "notifications/tools/list_changed")
	if got := text(t, b.call(t, "grown", nil)); got != "new" {
		t.Errorf("the new tool says %q", got)
	}
	if _, err := b.GetPrompt(t.Context(), mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: "nothing like it"}}); err == nil {
		t.Error("a prompt that is not there has no error")
	}
	//lint:ignore SA1019 the clients that are out there
	if err := b.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

type sampler struct{}

func (sampler) CreateMessage(context.Context, mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	return &mcp.CreateMessageResult{Model: "mine", SamplingMessage: mcp.SamplingMessage{Role: mcp.RoleAssistant, Content: mcp.NewTextContent("hm")}}, nil
}

func TestACallThatTheClientCancelsEndsAtTheServer(t *testing.T) {
	reached := make(chan struct{})
	b := through(t, gratis(t, wide(reached)), options(t))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		var r mcp.CallToolRequest
		r.Params.Name = "wait"
		_, err := b.CallTool(ctx, r)
		done <- err
	}()
	<-reached
	cancel()
	<-reached
	if err := <-done; err == nil {
		t.Error("a cancelled call has no error")
	}
	if result := b.call(t, "work", nil); result.IsError {
		t.Errorf("the next call: %+v", result)
	}
}

func TestTheProxyGreetsAServerAgainThatHasForgottenTheSession(t *testing.T) {
	tools := mcpserver.NewMCPServer("forgetful", "1")
	work(tools)
	fresh := func() http.Handler { return mcpserver.NewStreamableHTTPServer(tools, mcpserver.WithStateful(true)) }
	handler := make(chan http.Handler, 1)
	handler <- fresh()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := <-handler
		handler <- h
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	t.Cleanup(web.CloseClientConnections)
	b := through(t, web.URL, options(t))
	b.call(t, "work", nil)
	<-handler
	handler <- fresh()
	if result := b.call(t, "work", nil); text(t, result) != "done" {
		t.Errorf("the call gave %+v", result)
	}
}

func TestADearCallThroughTheProxyIsPaidIfTheUserAgrees(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Policy = agent.Policy{AskAbove: price - 1}
	if got := problem(t, through(t, shop.URL, o).call(t, "work", nil)); got.Code != string(agent.CodeNotApproved) {
		t.Errorf("a client that cannot ask is told %+v", got)
	}
	for _, agrees := range []bool{false, true} {
		user := &user{agrees: agrees}
		result := through(t, shop.URL, o, mcpclient.WithElicitationHandler(user)).call(t, "work", nil)
		if result.IsError == agrees || !strings.Contains(user.asked, "0.001 USDC") {
			t.Errorf("asked %q, the answer %v gave %+v", user.asked, agrees, result)
		}
	}
}

type user struct {
	agrees bool
	asked  string
}

func (u *user) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	u.asked = r.Params.Message
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionAccept, Content: map[string]any{"pay": u.agrees}}}, nil
}

func TestLinesThatAreNoMessagesDoNotEndTheProxy(t *testing.T) {
	tools := mcpserver.NewMCPServer("plain", "1")
	web := httptest.NewServer(mcpserver.NewStreamableHTTPServer(tools))
	t.Cleanup(web.Close)
	proxy, err := agent.OpenProxy(t.Context(), web.URL, options(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	in := "\nnot json\n[]\n" + `{"jsonrpc":"2.0","id":"x","method":"server/discover"}` + "\n" + `{"jsonrpc":"2.0","id":9,"result":{}}` + "\n" +
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}` + "\n" + `{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`
	var out strings.Builder
	if err := proxy.Serve(t.Context(), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	if err := proxy.Close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`"id":null`, `"id":"x","error":{"code":-32601`, `"id":1,"error":{"code":-32602`, `"id":2,"result":`, `"tools":{}`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 5 {
		t.Errorf("%d lines were answered:\n%s", n, out.String())
	}
}
