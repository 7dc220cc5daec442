package mcpclients

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var server = Server{Name: "weather", Command: "/opt/chit", Args: []string{"--profile", "mine", "proxy", "https://tools.example/mcp"}}

// at is a client whose configuration is a file of the test.
func at(t testing.TB, name, config string) (Client, string) {
	t.Helper()
	client, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "folder", "config.json")
	client.file = func() (string, error) { return path, nil }
	if config != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(config), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return client, path
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAServerIsAddedToAConfigurationAndTheRestStays(t *testing.T) {
	const before = `{"theme":"dark","mcpServers":{"other":{"command":"x","n":1.10},"weather":{"command":"old","env":{"A":"b"}}},"last":[1,2]}`
	client, path := at(t, "cursor", before)
	done, err := client.Install(server)
	if err != nil || done.File != path || content(t, done.Backup) != before {
		t.Fatalf("installed %+v, %v", done, err)
	}
	const want = `{
  "theme": "dark",
  "mcpServers": {
    "other": {
      "command": "x",
      "n": 1.10
    },
    "weather": {
      "command": "/opt/chit",
      "args": [
        "--profile",
        "mine",
        "proxy",
        "https://tools.example/mcp"
      ]
    }
  },
  "last": [
    1,
    2
  ]
}
`
	if got := content(t, path); got != want {
		t.Errorf("the file is\n%s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

func TestAConfigurationThatIsNotThereIsMade(t *testing.T) {
	for name, holds := range map[string]string{
		"claude-desktop": `"mcpServers": {`, "claude-code": `"type": "stdio"`, "cursor": `"weather": {`, "vscode": `"servers": {`, "zed": `"source": "custom"`,
	} {
		client, path := at(t, name, "")
		done, err := client.Install(server)
		snippet, snippetErr := client.Snippet(server)
		if err != nil || snippetErr != nil || done.Backup != "" || content(t, path) != snippet || !strings.Contains(snippet, holds) {
			t.Errorf("%s: installed %+v, %v, %v\n%s", name, done, err, snippetErr, snippet)
		}
	}
}

func TestAConfigurationThatCannotBeChangedSafelyIsLeftAlone(t *testing.T) {
	for _, before := range []string{"{\n  // my servers\n  \"mcpServers\": {}\n}", `{"mcpServers":[]}`, `[]`, `{"a":1,"a":2}`, `{"mcpServers":{}`, `{"mcpServers":{},}`, `{} {}`} {
		client, path := at(t, "claude-desktop", before)
		if done, err := client.Install(server); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), "--print") {
			t.Errorf("%s: installed %+v, %v", before, done, err)
		}
		if got := content(t, path); got != before {
			t.Errorf("%s became %s", before, got)
		}
	}
}

func TestALinkToAConfigurationStaysALink(t *testing.T) {
	client, path := at(t, "cursor", "{}")
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	client.file = func() (string, error) { return link, nil }
	if _, err := client.Install(server); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || !strings.Contains(content(t, path), "weather") {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
}

func TestLinksThatSomebodyHasLaidInTheCurrentFolderAreNotFollowed(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".mcp.json.new", ".mcp.json"} {
		t.Chdir(t.TempDir())
		client, err := Find("claude-code")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, name); err != nil {
			t.Fatal(err)
		}
		if done, err := client.Install(server); (err == nil) != (name != ".mcp.json") || err != nil && !errors.Is(err, ErrFile) {
			t.Errorf("with a link %s: %+v, %v", name, done, err)
		}
		if got := content(t, victim); got != "{}" {
			t.Errorf("%s led to %s", name, got)
		}
	}
}

func TestAClientThatIsNotKnownIsToldWithThoseThatAre(t *testing.T) {
	if _, err := Find("emacs"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "claude-desktop, claude-code, cursor, vscode, zed") {
		t.Errorf("the error is %v", err)
	}
	zed, err := Find("zed")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zed.Install(server); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "--print") {
		t.Errorf("zed: %v", err)
	}
}
