package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// service is an MCP server that knows nothing of payments: what the gateway sells.
type service struct {
	mcp *mcpserver.MCPServer
	// heard is told, by the tool of that name, when a client has heard what a call had to
	// tell: the server library loses or delays what is on its way when a call ends.
	heard chan struct{}
	// entered and leave are for the tool "wait": it says that it has begun, and goes on
	// when it is let. gone tells that its client did not wait for it.
	entered, leave, gone chan struct{}
	// moved is told that the roots of a client have changed.
	moved chan struct{}
}

// oddSchema has what a client library's own types would lose.
const oddSchema = `{"type":"object","properties":{"text":{"type":"string"}},"anyOf":[{"required":["text"]},{"maxProperties":0}],"x-odd":1}`

func newService(name string) *service {
	s := &service{heard: make(chan struct{}), entered: make(chan struct{}, 1), leave: make(chan struct{}), gone: make(chan struct{}, 1), moved: make(chan struct{}, 10)}
	s.mcp = mcpserver.NewMCPServer(name, "1", mcpserver.WithToolCapabilities(true), mcpserver.WithResourceCapabilities(true, true),
		mcpserver.WithPromptCapabilities(true), mcpserver.WithLogging(), mcpserver.WithCompletions(), mcpserver.WithTaskCapabilities(true, true, true),
		mcpserver.WithPromptCompletionProvider(completer{}), mcpserver.WithInstructions("ask "+name), mcpserver.WithElicitation(), mcpserver.WithRoots())
	s.mcp.EnableSampling()
	s.mcp.AddTool(mcp.NewToolWithRawSchema("echo", "says it again", json.RawMessage(oddSchema)), func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(name + ": " + req.GetString("text", "")), nil
	})
	s.tool("fail", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("it does not work"), nil
	})
	s.tool("picture", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultImage("a picture", base64.StdEncoding.EncodeToString([]byte("\x89PNG not really")), "image/png"), nil
	})
	s.tool("large", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(strings.Repeat("x", 1<<20)), nil
	})
	s.tool("steps", s.steps)
	s.tool("heard", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.heard <- struct{}{}
		return mcp.NewToolResultText("good"), nil
	})
	s.tool("wait", s.wait)
	s.tool("work", s.work)
	s.tool("die", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		os.Exit(3)
		return nil, nil
	})
	s.tool("grow", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.tool("grown", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("new here"), nil
		})
		return mcp.NewToolResultText("done"), nil
	})
	s.tool("change", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.mcp.SendNotificationToAllClients(mcp.MethodNotificationResourceUpdated, map[string]any{"uri": "test://" + name + "/note"})
		return mcp.NewToolResultText("done"), nil
	})
	s.tool("environment", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(strings.Join(os.Environ(), "\n")), nil
	})
	s.tool("meta", func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		raw, err := json.Marshal(req.Params.Meta)
		return mcp.NewToolResultText(string(raw)), err
	})
	s.telling(name)
	s.asking()
	s.content(name)
	return s
}

func (s *service) tool(name string, do mcpserver.ToolHandlerFunc) {
	s.mcp.AddTool(mcp.NewTool(name), do)
}

// telling adds the tools whose answers are more than a result: a notice, structure and a task.
func (s *service) telling(name string) {
	s.tool("tell", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		err := s.mcp.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelWarning, name, "mind the gap"))
		<-s.heard
		return mcp.NewToolResultText("done"), err
	})
	s.mcp.AddTool(mcp.NewTool("weather", mcp.WithRawOutputSchema(json.RawMessage(`{"type":"object","required":["rain"]}`))), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultStructured(map[string]any{"rain": true}, "rain"), nil
	})
	research := mcp.NewTool("research", mcp.WithTaskSupport(mcp.TaskSupportRequired))
	s.mcp.AddTool(research, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("found out"), nil
	})
}

func (s *service) content(name string) {
	note := func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, MIMEType: "text/plain", Text: "read " + req.Params.URI}}, nil
	}
	s.mcp.AddResource(mcp.NewResource("test://"+name+"/note", "note"), note)
	s.mcp.AddResourceTemplate(mcp.NewResourceTemplate("test://"+name+"/item/{id}", "item"), note)
	s.mcp.AddPrompt(mcp.NewPrompt("greet", mcp.WithArgument("who")), func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		greeting := mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(name+" greets "+req.Params.Arguments["who"]))
		return mcp.NewGetPromptResult("a greeting", []mcp.PromptMessage{greeting}), nil
	})
}

type completer struct{}

func (completer) CompletePromptArgument(_ context.Context, prompt string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return &mcp.Completion{Values: []string{prompt + "/" + argument.Name + "/" + argument.Value + "da"}}, nil
}

func (s *service) steps(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if req.GetBool("silent", false) {
		return mcp.NewToolResultText("three steps"), nil
	}
	for i := range 3 {
		params := map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": float64(i + 1), "total": 3.0}
		if err := s.mcp.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), params); err != nil {
			return nil, err
		}
	}
	<-s.heard
	return mcp.NewToolResultText("three steps"), nil
}

func (s *service) wait(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	s.entered <- struct{}{}
	select {
	case <-s.leave:
		return mcp.NewToolResultText("waited"), nil
	case <-ctx.Done():
		s.gone <- struct{}{}
		return nil, ctx.Err()
	}
}

// work reports progress to who asks for it until it is let go by the tool "heard", or for as
// long as it is told, or as many times, and then says nothing more.
func (s *service) work(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	ticks := time.NewTicker(workEvery)
	defer ticks.Stop()
	reports := req.GetInt("reports", math.MaxInt)
	var over <-chan time.Time
	if long, err := time.ParseDuration(req.GetString("for", "")); err == nil {
		over = time.After(long)
	}
	for done := 1; ; {
		select {
		case <-ticks.C:
			if done > reports || req.Params.Meta == nil || req.Params.Meta.ProgressToken == nil {
				continue
			}
			params := map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": float64(done)}
			if err := s.mcp.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), params); err != nil {
				return nil, err
			}
			done++
		case <-s.heard:
			return mcp.NewToolResultText("worked"), nil
		case <-over:
			return mcp.NewToolResultText("worked"), nil
		case <-ctx.Done():
			s.gone <- struct{}{}
			return nil, ctx.Err()
		}
	}
}

// workEvery is how often the tool "work" reports.
const workEvery = 25 * time.Millisecond

// site is a service on the web, which can go away and come back.
type site struct {
	*service

	t       testing.TB
	sse     bool
	address string
	http    *httptest.Server
	secrets sync.Map      // values of the header X-Secret that were seen
	ended   chan struct{} // told of every session that a client has ended
}

func serveHTTP(t testing.TB, name string) *site {
	return serveSite(t, &site{t: t, service: newService(name)})
}

func serveSSE(t testing.TB, name string) *site {
	return serveSite(t, &site{t: t, sse: true, service: newService(name)})
}

func serveSite(t testing.TB, s *site) *site {
	t.Helper()
	s.address, s.ended = "127.0.0.1:0", make(chan struct{}, 100)
	s.up()
	t.Cleanup(func() { s.down() })
	return s
}

// up serves at the address of the site.
func (s *site) up() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	var handler http.Handler = mcpserver.NewStreamableHTTPServer(s.mcp)
	if s.sse {
		handler = mcpserver.NewSSEServer(s.mcp, mcpserver.WithBaseURL("http://"+s.address))
	}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret := r.Header.Get("X-Secret"); secret != "" {
			s.secrets.Store(secret, true)
		}
		if r.Method == http.MethodDelete {
			s.ended <- struct{}{}
		}
		handler.ServeHTTP(w, r)
	}))
	_ = s.http.Listener.Close()
	s.http.Listener = listener
	s.http.Start()
}

func (s *site) down() {
	s.http.CloseClientConnections()
	s.http.Close()
}

func (s *site) url() string {
	if s.sse {
		return s.http.URL + "/sse"
	}
	return s.http.URL + "/mcp"
}

// stdioUpstream is the config of an upstream that is this test binary.
func stdioUpstream(t testing.TB, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("{command: %q, env: {%s: %s}}", self, stdioVariable, name)
}
