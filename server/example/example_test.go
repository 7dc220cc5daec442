package example_test

import (
	"bytes"
	"encoding/base64"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/example"
)

// connect is a client of an MCP server with the example tools, which are free here.
func connect(t testing.TB) *mcpclient.Client {
	t.Helper()
	tools := mcpserver.NewMCPServer("examples", "1")
	example.AddTools(tools)
	client, err := mcpclient.NewInProcessClient(tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return client
}

func call(t testing.TB, client *mcpclient.Client, tool string, arguments any) *mcp.CallToolResult {
	t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := client.CallTool(t.Context(), req)
	if err != nil {
		t.Fatalf("%s of %v: %v", tool, arguments, err)
	}
	if len(result.Content) == 0 {
		t.Fatalf("%s of %v gave nothing", tool, arguments)
	}
	return result
}

func text(t testing.TB, result *mcp.CallToolResult) string {
	t.Helper()
	content, ok := result.Content[0].(mcp.TextContent)
	if !ok {
		t.Fatalf("the result is a %T", result.Content[0])
	}
	return content.Text
}

func words(s string) map[string]any           { return map[string]any{"text": s} }
func limit(n any) map[string]any              { return map[string]any{"limit": n} }
func nothing() map[string]any                 { return map[string]any{} }
func repeated(s string, n int) map[string]any { return words(strings.Repeat(s, n)) }

func TestEachToolDoesWhatItSays(t *testing.T) {
	client := connect(t)
	for _, test := range []struct {
		tool      string
		arguments map[string]any
		want      string
	}{
		{"hash", words(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"hash", words("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"hash", words("é\x00"), "6133f2d2dc6cad8dbbfc80f0fb587d3e61469954c82d906cce85239e4c6c8bbd"},
		{"text_stats", words(""), "bytes=0 characters=0 words=0 lines=0"},
		{"text_stats", words("one"), "bytes=3 characters=3 words=1 lines=1"},
		{"text_stats", words("one\n"), "bytes=4 characters=4 words=1 lines=1"},
		{"text_stats", words("one\n\n two\tthree"), "bytes=15 characters=15 words=3 lines=3"},
		{"text_stats", words("Grüße 🌍"), "bytes=12 characters=7 words=2 lines=1"},
		{"text_stats", repeated("x", 1<<20), "bytes=1048576 characters=1048576 words=1 lines=1"},
		{"primes", limit(2), "below=2 count=0 largest=0"},
		{"primes", limit(3), "below=3 count=1 largest=2"},
		{"primes", limit(100), "below=100 count=25 largest=97"},
		{"primes", limit(101), "below=101 count=25 largest=97"},
		{"primes", limit(1_000_000), "below=1000000 count=78498 largest=999983"},
	} {
		result := call(t, client, test.tool, test.arguments)
		if got := text(t, result); got != test.want || result.IsError {
			t.Errorf("%s of %.40v gave %q, want %q", test.tool, test.arguments, got, test.want)
		}
	}
}

func TestABadArgumentIsAnErrorOfTheTool(t *testing.T) {
	client := connect(t)
	for _, test := range []struct {
		tool      string
		arguments map[string]any
		says      string
	}{
		{"hash", nothing(), "text"},
		{"hash", words("x"), ""},
		{"hash", map[string]any{"text": 7}, "text"},
		{"hash", repeated("x", 1<<20+1), "1048577"},
		{"text_stats", nothing(), "text"},
		{"text_stats", map[string]any{"text": nil}, "text"},
		{"text_stats", repeated("x", 1<<20+1), "1048576"},
		{"identicon", nothing(), "text"},
		{"identicon", repeated("x", 1<<20+1), "1048577"},
		{"primes", nothing(), "limit"},
		{"primes", limit("many"), "limit"},
		{"primes", limit(1), "limit 1 "},
		{"primes", limit(0), "limit 0 "},
		{"primes", limit(-7), "limit -7 "},
		{"primes", limit(2.5), "limit 2.5 "},
		{"primes", limit(1_000_001), "1000000"},
		{"primes", limit(1e300), "limit 1e+300"},
		{"unreliable", nothing(), "always fails"},
		{"unreliable", words("x"), "not charged"},
	} {
		result := call(t, client, test.tool, test.arguments)
		if wantError := test.says != ""; result.IsError != wantError || !strings.Contains(text(t, result), test.says) {
			t.Errorf("%s of %.40v gave %q (error %v), want word of %q", test.tool, test.arguments, text(t, result), result.IsError, test.says)
		}
	}
}

func TestTheTimeIsTheTime(t *testing.T) {
	client := connect(t)
	before := time.Now()
	got, err := time.Parse(time.RFC3339Nano, text(t, call(t, client, "now", nil)))
	if err != nil || got.Before(before.Truncate(0)) || got.After(time.Now()) || got.Location() != time.UTC {
		t.Errorf("now is %s, %v", got, err)
	}
}

func TestAnIdenticonIsAPictureOfItsTextAlone(t *testing.T) {
	client := connect(t)
	draw := func(s string) string {
		content := call(t, client, "identicon", words(s)).Content
		picture, ok := content[len(content)-1].(mcp.ImageContent)
		if !ok || picture.MIMEType != "image/png" {
			t.Fatalf("the identicon of %q is a %T", s, content[len(content)-1])
		}
		return picture.Data
	}
	a := draw("chit")
	if draw("chit") != a || draw("chit ") == a {
		t.Error("the picture does not follow from the text")
	}
	raw, err := base64.StdEncoding.DecodeString(a)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Dx()
	if size != 240 || img.Bounds().Dy() != size {
		t.Fatalf("the picture is %v", img.Bounds())
	}
	colours := map[color.Color]bool{}
	for y := range size {
		for x := range size {
			colours[img.At(x, y)] = true
			if img.At(x, y) != img.At(size-1-x, y) {
				t.Fatalf("the picture is not mirrored at %d, %d", x, y)
			}
		}
	}
	if len(colours) != 2 {
		t.Errorf("the picture has %d colours", len(colours))
	}
}

func TestEveryToolHasAPrice(t *testing.T) {
	list, err := connect(t).ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Tools) != len(example.Prices) {
		t.Errorf("%d tools, %d prices", len(list.Tools), len(example.Prices))
	}
	for _, tool := range list.Tools {
		if price := example.Prices[tool.Name]; price == "" || (price == server.Free) != (tool.Name == "now") {
			t.Errorf("%s costs %q", tool.Name, price)
		}
	}
}
