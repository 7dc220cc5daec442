package storefront

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// RegistrySchema is the version of server.json that [Registration] writes.
const RegistrySchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

// ErrRegistration says that the registry of MCP servers would not take an entry.
var ErrRegistration = errors.New("not an entry of the MCP registry")

// Registration is the server.json by which an MCP server is published in the registry of MCP
// servers.
type Registration struct {
	Schema      string   `json:"$schema"`
	Name        string   `json:"name"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description"`
	Version     string   `json:"version"`
	Remotes     []Remote `json:"remotes"`
}

// Remote is where a server runs.
type Remote struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// About says what a server is called in the registry.
type About struct {
	// Name is in reverse-DNS form, such as com.example/tools. Its publisher proves to the registry
	// that the domain is its own.
	Name string
	// Title is for people, and may be empty; Description says what the server does. Each has 100
	// characters at most.
	Title, Description string
	// Version is one version, such as 1.0.2; each that is published is another one.
	Version string
}

var (
	registryName = regexp.MustCompile(`^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$`)
	versionRange = regexp.MustCompile(`^[\^~<>=]|\s|\|\||(^|\.)[xX*](\.|$)`)
)

// The longest texts that the registry takes: of a name and a version in bytes, of others in
// characters.
const (
	maxRegistryName    = 200
	maxRegistryVersion = 255
	maxRegistryWords   = 100
)

// Register is the entry of a server that is reached by streamable HTTP at a URL. Errors wrap
// [ErrRegistration] and say what to change.
func Register(about About, at string) (*Registration, error) {
	wrong := func(format string, args ...any) (*Registration, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrRegistration}, args...)...)
	}
	switch {
	case len(about.Name) > maxRegistryName || !registryName.MatchString(about.Name):
		return wrong("the name is %.80q, want one such as com.example/tools, %d bytes at most", about.Name, maxRegistryName)
	case about.Description == "" || utf8.RuneCountInString(about.Description) > maxRegistryWords:
		return wrong("the description has %d characters, want 1 to %d", utf8.RuneCountInString(about.Description), maxRegistryWords)
	case utf8.RuneCountInString(about.Title) > maxRegistryWords:
		return wrong("the title has %d characters, want at most %d", utf8.RuneCountInString(about.Title), maxRegistryWords)
	case about.Version == "" || about.Version == "latest" || len(about.Version) > maxRegistryVersion || versionRange.MatchString(about.Version):
		return wrong("the version is %.80q, want one such as 1.0.2", about.Version)
	}
	if err := reachable(at); err != nil {
		return wrong("%w", err)
	}
	return &Registration{
		Schema: RegistrySchema, Name: about.Name, Title: about.Title, Description: about.Description, Version: about.Version,
		Remotes: []Remote{{Type: "streamable-http", URL: at}},
	}, nil
}

// reachable refuses a URL at which nobody else finds a server.
func reachable(at string) error {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return fmt.Errorf("the server is at %.80q, which is no URL: set baseURL, such as https://tools.example", at)
	}
	host := strings.ToLower(u.Hostname())
	if ip := net.ParseIP(host); host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified() || ip.IsPrivate()) {
		return fmt.Errorf("the server is at %.80q, where only this machine or its network finds it: set baseURL to where everybody does", at)
	}
	return nil
}
