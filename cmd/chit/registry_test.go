package main_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAShopIsPublishedUnderItsBaseURL(t *testing.T) {
	h := newHome(t)
	file := config(t, "baseURL: https://tools.example/paid/\nprices: {'*': 0.001}\nupstreams:\n  it: {url: 'http://127.0.0.1:1/mcp'}\n")
	var entry map[string]any
	if err := json.Unmarshal([]byte(h.ok(t, "registry", "--config", file, "--name", "com.example/tools", "--release", "1.2.3")), &entry); err != nil {
		t.Fatal(err)
	}
	remote := entry["remotes"].([]any)[0].(map[string]any)
	if !strings.Contains(entry["$schema"].(string), "/2025-12-11/") || entry["name"] != "com.example/tools" || entry["version"] != "1.2.3" || entry["description"] == "" ||
		remote["type"] != "streamable-http" || remote["url"] != "https://tools.example/paid/mcp" {
		t.Errorf("the entry is %v", entry)
	}
	here := config(t, "baseURL: 'http://127.0.0.1:8402'\nprices: {'*': 0.001}\nupstreams:\n  it: {url: 'http://127.0.0.1:1/mcp'}\n")
	for says, args := range map[string][]string{
		"the name is": {"--config", file, "--name", "tools"}, "the version is": {"--config", file, "--name", "com.example/tools", "--release", "^1.0"},
		"the description has 101": {"--config", file, "--name", "com.example/tools", "--description", strings.Repeat("x", 101)},
		"only this machine":       {"--config", here, "--name", "com.example/tools"},
	} {
		if got := h.run(t, append([]string{"registry"}, args...)...); got.code != 1 || !strings.Contains(got.stderr, says) {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
