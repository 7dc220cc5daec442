package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway"
	"github.com/chitpay/chit/server/gateway/listing"
)

func TestWhatHasNoPriceIsNotShownOrSold(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {echo: 0.001, 'st*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	client, heard := s.listener(t)
	if got := names(t, client); !slices.Equal(got, []string{"echo", "steps"}) {
		t.Errorf("shown are %v", got)
	}
	if got, err := work(t.Context(), t, client, "steps", map[string]any{"silent": true}, nil); got != "three steps" || err != nil {
		t.Errorf("what is said to be free says %q, %v", got, err)
	}
	var req mcp.CallToolRequest
	req.Params.Name = "meta"
	if result, err := client.CallTool(t.Context(), req); err == nil {
		t.Errorf("a tool without a price answers %+v", result)
	}
	s.log.wait(t, 1, "for sale")
	s.log.wait(t, 1, "it: meta (no price for meta: give it one, which may be free)")

	rewrite(t, s.file, fmt.Sprintf("prices: {echo: 0.001, meta: free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	next(t, heard, mcp.MethodNotificationToolsListChanged)
	if got := names(t, client); !slices.Equal(got, []string{"echo", "meta"}) {
		t.Errorf("after the reload shown are %v", got)
	}
}

func TestResourcesAndPromptsAreShownWhereTheConfigNamesThem(t *testing.T) {
	web := serveHTTP(t, "web")
	for settings, want := range map[string]struct {
		resources, templates, prompts int
	}{
		"":                                    {},
		", allow: [echo]":                     {},
		", resources: ['test://web/note']":    {resources: 1},
		", resources: ['test://*/item/*']":    {templates: 1},
		", resources: ['*'], prompts: ['g*']": {1, 1, 1},
	} {
		s := sell(t, fmt.Sprintf("prices: {'*': 0.001}\nupstreams:\n  it: {url: %q%s}\n", web.url(), settings))
		client, _ := s.listener(t)
		if resources, err := client.ListResources(t.Context(), mcp.ListResourcesRequest{}); err == nil && len(resources.Resources) != want.resources || err != nil && want.resources > 0 {
			t.Errorf("%q: the resources are %+v, %v", settings, resources, err)
		}
		if templates, err := client.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{}); err == nil && len(templates.ResourceTemplates) != want.templates || err != nil && want.templates > 0 {
			t.Errorf("%q: the templates are %+v, %v", settings, templates, err)
		}
		if prompts, err := client.ListPrompts(t.Context(), mcp.ListPromptsRequest{}); err == nil && len(prompts.Prompts) != want.prompts || err != nil && want.prompts > 0 {
			t.Errorf("%q: the prompts are %+v, %v", settings, prompts, err)
		}
		for uri, shown := range map[string]bool{"test://web/note": want.resources > 0, "test://web/item/7": want.templates > 0, "test://web/else": false} {
			var read mcp.ReadResourceRequest
			read.Params.URI = uri
			if _, err := client.ReadResource(t.Context(), read); (err == nil) != shown {
				t.Errorf("%q: reading %s: %v", settings, uri, err)
			}
		}
		var get mcp.GetPromptRequest
		get.Params.Name = "greet"
		if _, err := client.GetPrompt(t.Context(), get); (err == nil) != (want.prompts > 0) {
			t.Errorf("%q: the prompt: %v", settings, err)
		}
		var complete mcp.CompleteRequest
		complete.Params.Ref, complete.Params.Argument = mcp.PromptReference{Type: "ref/prompt", Name: "greet"}, mcp.CompleteArgument{Name: "who", Value: "a"}
		if _, err := client.Complete(t.Context(), complete); (err == nil) != (want.prompts > 0) {
			t.Errorf("%q: a completion: %v", settings, err)
		}
	}
}

func TestASurveyListsWhatIsPricedFreeAndHiddenAndDeadPatterns(t *testing.T) {
	web := serveHTTP(t, "web")
	web.tool("get-sum", said("3"))
	config, err := gateway.Load(writeConfig(t, fmt.Sprintf(`
prices: {get-sum: 0.001, every_echo: 0.002, "every_st*": free, none: 1}
upstreams:
  it:
    url: %q
    prefix: every
    deny: [fail, nobody]
    allow: [echo, steps, get-sum, fail, meta]
    prices: {every_meta: 0.001, "met?": 0.003}
    resources: ["test://web/note", "file:*"]
    prompts: [other]
  gone: {url: "http://127.0.0.1:1/mcp"}
`, web.url())))
	if err != nil {
		t.Fatal(err)
	}
	report, err := gateway.Survey(t.Context(), config, gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Down) != 1 || report.Down["gone"] == "" {
		t.Errorf("down are %v", report.Down)
	}
	isListed(t, report)
	var dead []string
	for _, d := range report.Dead {
		dead = append(dead, d.String())
	}
	expected := []string{
		`upstreams.it.prices: "every_meta" stands for nothing; its own name is meta`, `upstreams.it.deny: "nobody" stands for nothing`,
		`upstreams.it.resources: "file:*" stands for nothing`, `upstreams.it.prompts: "other" stands for nothing`,
	}
	if !slices.Equal(dead, expected) { // of prices nothing is known while an upstream is down
		t.Errorf("dead are %q", dead)
	}
	config.Upstreams = config.Upstreams[:1]
	if report, err = gateway.Survey(t.Context(), config, gateway.Options{}); err != nil || len(report.Dead) != 2+len(expected) {
		t.Fatalf("dead are %+v, %v", report, err)
	}
	for i, says := range []string{`prices: "get-sum" stands for nothing; clients see every_get-sum`, `prices: "none" stands for nothing`} {
		if got := report.Dead[i].String(); got != says {
			t.Errorf("it says %s, want %s", got, says)
		}
	}
}

// isListed holds that each thing of the upstream is listed, with its price or why it is hidden.
func isListed(t testing.TB, report *listing.Report) {
	t.Helper()
	want := map[string]string{
		"echo": "every_echo 0.002 ", "steps": "every_steps free ", "meta": "every_meta 0.003 ", "fail": "  in deny", "tell": "  not in allow",
		"get-sum":         "  no price for every_get-sum: give it one, which may be free",
		"test://web/note": "test://web/note free ", "test://web/item/{id}": "  not in resources, and no price for resource:test://web/item/{id}", "greet": "  not in prompts, and no price for prompt:every_greet",
	}
	for _, e := range report.Entries {
		if got := strings.Join([]string{e.Shown, e.Price, e.Hidden}, " "); want[e.Own] != "" && got != want[e.Own] {
			t.Errorf("%s: %q, want %q", e.Own, got, want[e.Own])
		}
		delete(want, e.Own)
	}
	if len(want) > 0 {
		t.Errorf("it does not list %v", want)
	}
}
