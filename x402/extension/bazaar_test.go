package extension_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

var update = flag.Bool("update", false, "write the golden files; scripts/vectors holds them against the stock package")

// announcements are what sellers say of all kinds of things that are sold.
func announcements(t testing.TB) x402.Extensions {
	t.Helper()
	all := x402.Extensions{}
	keep := func(name string, got x402.Extensions, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all[name] = got[extension.NameBazaar]
	}
	input := jsontext.Value(`{"type":"object","properties":{"q":{"$ref":"#/$defs/text"}},"$defs":{"text":{"type":"string"}},"required":["q"]}`)
	for name, tool := range map[string]extension.SoldTool{
		"tool":               {Name: "search", Input: input},
		"tool-with-output":   {Name: "search", Description: "Search the web", Input: input, Output: jsontext.Value(`{"type":"object","properties":{"n":{"type":"integer"}}}`)},
		"tool-with-refering": {Name: "search", Input: input, Output: input},
	} {
		got, err := extension.AnnounceTool(nil, tool)
		keep(name, got, err)
	}
	for name, route := range map[string]extension.SoldRoute{
		"route":               {Method: "GET"},
		"route-with-params":   {Method: "GET", Template: "/items/:id", PathParams: map[string]string{"id": "7"}, Query: map[string]jsontext.Value{"pages": jsontext.Value(`{"type":"number"}`)}, MimeType: "application/json"},
		"route-with-own-type": {Method: "POST", MimeType: "text/html"},
	} {
		got, err := extension.AnnounceRoute(nil, route)
		keep(name, got, err)
	}
	return all
}

func TestWhatIsAnnouncedIsWhatTheStockValidatorsHaveTaken(t *testing.T) {
	const file = "testdata/bazaar-announced.json"
	got, err := jsontext.AppendFormat(nil, []byte(asObject(t, announcements(t))), jsontext.Multiline(true))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(append(got, '\n'), want) {
		t.Errorf("announced is %s, %v", got, err)
	}
	for name, value := range announcements(t) {
		if d, err := extension.ReadDiscovery(x402.Extensions{extension.NameBazaar: value}); err != nil || d == nil || len(d.Schema) == 0 {
			t.Errorf("%s reads as %+v, %v", name, d, err)
		}
	}
}

func asObject(t testing.TB, all x402.Extensions) string {
	t.Helper()
	with, err := x402.Extensions(nil).Encode("all", all)
	if err != nil {
		t.Fatal(err)
	}
	return string(with["all"])
}

func TestWhatTheStockPackageDeclaresIsRead(t *testing.T) {
	raw, err := os.ReadFile("testdata/bazaar-stock.json")
	if err != nil {
		t.Fatal(err)
	}
	stock, err := x402.ReadExtension[x402.Extensions](x402.Extensions{"stock": raw}, "stock")
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) *extension.Discovery {
		d, err := extension.ReadDiscovery(x402.Extensions{extension.NameBazaar: (*stock)[name]})
		if err != nil || d == nil {
			t.Fatalf("%s: %+v, %v", name, d, err)
		}
		return d
	}
	if in := read("mcp").Info.Input; in.Type != extension.DiscoveryMCP || in.ToolName != "search" || in.Transport != "streamable-http" || in.InputSchema.Kind() != '{' {
		t.Errorf("a tool: %+v", in)
	}
	if d := read("get"); d.Info.Input.Method != "GET" || d.RouteTemplate != "/items/:id" || d.Info.Output == nil || d.Info.Output.Type != "json" {
		t.Errorf("a route: %+v", d)
	}
	if in := read("post").Info.Input; in.Method != "POST" || in.BodyType != "json" || !strings.Contains(string(in.Body), `"q": "go"`) {
		t.Errorf("a route with a body: %+v", in)
	}
}

func TestWhatIsNoDiscoveryIsRefused(t *testing.T) {
	for _, input := range []string{
		`{}`, `{"type":"ftp"}`, `{"type":"mcp","inputSchema":{}}`, `{"type":"mcp","toolName":"a"}`, `{"type":"mcp","toolName":"a","inputSchema":[]}`,
		`{"type":"mcp","toolName":"a","inputSchema":{},"transport":"stdio"}`, `{"type":"http","method":"get"}`, `{"type":"http","method":"GET","bodyType":"json"}`, `{"type":"http","bodyType":"xml"}`,
	} {
		value := jsontext.Value(`{"info":{"input":` + input + `},"schema":{}}`)
		if _, err := extension.ReadDiscovery(x402.Extensions{extension.NameBazaar: value}); !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("%s: %v", input, err)
		}
	}
	if d, err := extension.ReadDiscovery(nil); d != nil || err != nil {
		t.Errorf("none: %+v, %v", d, err)
	}
}

func TestWhatIsTooLongOrCannotBeSaidIsNotAnnounced(t *testing.T) {
	before := x402.Extensions{"other": jsontext.Value("1")}
	long := jsontext.Value(`{"description":"` + strings.Repeat("x", extension.MaxDiscovery) + `"}`)
	for why, tool := range map[string]extension.SoldTool{
		"a long input": {Name: "a", Input: long}, "a long output": {Name: "a", Input: jsontext.Value("{}"), Output: long},
		"a long description": {Name: "a", Description: string(long), Input: jsontext.Value("{}")}, "a long name": {Name: string(long), Input: jsontext.Value("{}")},
		"an input that is none": {Name: "a", Input: jsontext.Value("true")},
	} {
		if after, err := extension.AnnounceTool(before, tool); err != nil || len(after) != 1 {
			t.Errorf("%s: %d, %v", why, len(after), err)
		}
	}
	for why, route := range map[string]extension.SoldRoute{
		"a long parameter": {Method: "GET", PathParams: map[string]string{"a": string(long)}}, "a method that is not known": {Method: "BREW"}, "no method": {},
	} {
		if after, err := extension.AnnounceRoute(before, route); err != nil || len(after) != 1 {
			t.Errorf("%s: %d, %v", why, len(after), err)
		}
	}
}

func FuzzReadDiscovery(f *testing.F) {
	f.Add([]byte(`{"info":{"input":{"type":"mcp","toolName":"a","inputSchema":{}}},"schema":{}}`))
	f.Add([]byte(`{"info":{"input":{"type":"http","method":"POST","bodyType":"json","body":{}}},"routeTemplate":"/a/:b"}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		d, err := extension.ReadDiscovery(x402.Extensions{extension.NameBazaar: value})
		if err != nil || d == nil || len(value) > extension.MaxDiscovery {
			return
		}
		if _, err := x402.Extensions(nil).Encode(extension.NameBazaar, d); err != nil {
			t.Errorf("%s was read and cannot be written: %v", value, err)
		}
	})
}
