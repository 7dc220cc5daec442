// Package mcpclients writes MCP servers into the configuration files of programs that
// start them: assistants and editors.
package mcpclients

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrUnknown says that there is no such client, or none whose file is known here.
var ErrUnknown = errors.New("unknown client")

// Server is a program that an MCP client starts and talks to over its standard streams.
type Server struct {
	// Name is what the client calls it.
	Name string
	// Command is the program's path, Args what follows it.
	Command string
	Args    []string
}

// Client is a program with a configuration file.
type Client struct {
	// Name is what `--client` calls it.
	Name string
	// file is the path of its configuration, or why it is not known.
	file func() (string, error)
	// under is the member of the configuration that holds servers by their names.
	under string
	// entry is what stands there for a server.
	entry func(Server) any
	// here says that the file is in the current folder, which may be somebody else's.
	here bool
}

type plainEntry struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

type typedEntry struct {
	Type string `json:"type"`
	plainEntry
}

func plain(s Server) any { return plainEntry{s.Command, s.Args} }
func typed(s Server) any { return typedEntry{"stdio", plainEntry{s.Command, s.Args}} }

var clients = []Client{
	{"claude-desktop", claudeDesktop, "mcpServers", plain, false},
	{"claude-code", func() (string, error) { return filepath.Abs(".mcp.json") }, "mcpServers", typed, true},
	{"cursor", inHome(".cursor", "mcp.json"), "mcpServers", plain, false},
	{"vscode", inConfig("Code", "User", "mcp.json"), "servers", typed, false},
	{"zed", func() (string, error) {
		return "", fmt.Errorf("%w: the settings of zed hold comments and are not changed; add with --print what it shows", ErrUnknown)
	}, "context_servers", func(s Server) any {
		return struct {
			Source string `json:"source"`
			plainEntry
		}{"custom", plainEntry{s.Command, s.Args}}
	}, false},
}

// Names lists the clients.
func Names() []string {
	names := make([]string, len(clients))
	for i, c := range clients {
		names[i] = c.Name
	}
	return names
}

// Find returns the client of a name. Errors wrap [ErrUnknown].
func Find(name string) (Client, error) {
	i := slices.IndexFunc(clients, func(c Client) bool { return c.Name == name })
	if i < 0 {
		return Client{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	return clients[i], nil
}

// Snippet is what has to stand in the client's configuration for a server.
func (c Client) Snippet(s Server) (string, error) {
	return c.add(nil, s)
}

// File is the path of the client's configuration, which need not be there yet.
func (c Client) File() (string, error) { return c.file() }

func (c Client) add(config []byte, s Server) (string, error) {
	entry, err := json.Marshal(c.entry(s))
	if err != nil {
		return "", err
	}
	whole, err := set(config, []string{c.under, s.Name}, entry)
	if err != nil {
		return "", err
	}
	if err := whole.Indent(jsontext.WithIndent("  ")); err != nil {
		return "", err
	}
	return string(whole) + "\n", nil
}

func inHome(parts ...string) func() (string, error) {
	return func() (string, error) {
		home, err := os.UserHomeDir()
		return filepath.Join(append([]string{home}, parts...)...), err
	}
}

func inConfig(parts ...string) func() (string, error) {
	return func() (string, error) {
		dir, err := os.UserConfigDir()
		return filepath.Join(append([]string{dir}, parts...)...), err
	}
}

func claudeDesktop() (string, error) {
	if runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		return "", fmt.Errorf("%w: the place of claude-desktop's configuration is not known on %s; add with --print what it shows", ErrUnknown, runtime.GOOS)
	}
	return inConfig("Claude", "claude_desktop_config.json")()
}
