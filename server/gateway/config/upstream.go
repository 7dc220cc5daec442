package config

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/chitpay/chit/server/gateway/pricing"
)

// Upstream is an MCP server that is sold: by URL or by command.
type Upstream struct {
	Name string
	// URL is an endpoint of streamable HTTP, or of SSE.
	URL string
	SSE bool
	// Headers go with every request to the URL. They are secrets.
	Headers map[string]string
	// Command is a program that speaks MCP over stdio, with its arguments, and what its
	// environment has beside PATH, HOME, LANG, TMPDIR and the like of the gateway's own.
	Command string
	Args    []string
	Env     map[string]string
	// Prefix stands before the names of its tools and prompts; empty only where names conflict.
	Prefix string
	// Timeout is how long it may be silent while a request waits for it: neither an answer
	// nor progress. Time in which it waits for the client does not count.
	Timeout time.Duration
	// TotalTimeout is how long a request may take in all; 0 is as long as it takes.
	TotalTimeout time.Duration
	// OwnConnections is how many clients that can be asked (for a model's answer, a
	// human's, or their roots) have a connection of their own at once, which is a program
	// of their own where it is one. On it the upstream can ask. Others share one, and
	// cannot be asked; with 0 all do.
	OwnConnections uint64
	// Allow and Deny are globs over the upstream's own tool names: with Allow only what
	// matches is sold, and nothing that matches Deny.
	Allow, Deny []string
	// Resources and Prompts are globs over the URIs of its resources and templates, and over
	// its prompts: what clients are shown beside the tools and what has a price, and may read
	// for nothing unless it has one.
	Resources, Prompts []string
	// Prices are by the upstream's own names of tools and prompts, and by URIs. They come before
	// [Config.Prices]. A tool that neither has a price for is not shown.
	Prices pricing.Prices
	// ShareLogs sends its log messages to every client; without it a client gets those
	// that come while its call is the only one.
	ShareLogs bool
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)

func readUpstream(r *reader, name string, at place) Upstream {
	u := Upstream{Name: name, Timeout: DefaultTimeout, OwnConnections: DefaultOwnConnections}
	globs := func(to *[]string) setting {
		return func(at place) {
			r.Texts(to)(at)
			for _, pattern := range *to {
				checkGlob(r, at, pattern)
			}
		}
	}
	given := make(map[string]place)
	known := map[string]setting{
		"url": r.URL(&u.URL), "sse": r.Flag(&u.SSE), "headers": readHeaders(r, &u.Headers),
		"command": readCommand(r, &u.Command), "args": r.Texts(&u.Args), "env": r.Secrets(&u.Env, checkVariable),
		"prefix": readName(r, &u.Prefix), "timeout": r.Duration(&u.Timeout, time.Millisecond), "totalTimeout": r.Duration(&u.TotalTimeout, 0),
		"allow": globs(&u.Allow), "deny": globs(&u.Deny), "resources": globs(&u.Resources), "prompts": globs(&u.Prompts),
		"prices": readPrices(r, &u.Prices), "shareLogs": r.Flag(&u.ShareLogs),
		"ownConnections": r.Whole(&u.OwnConnections),
	}
	for key, take := range known {
		known[key] = func(entry place) {
			given[key] = entry
			take(entry)
		}
	}
	r.Object(at, known)
	if !nameForm.MatchString(name) {
		r.Report(at, "%q is not a name: letters, digits, - and _, at most 32", name)
	}
	_, byURL := given["url"]
	_, byCommand := given["command"]
	if byURL == byCommand {
		r.Report(at, "it needs either url or command")
		return u
	}
	for _, key := range []string{"sse", "headers", "args", "env"} {
		entry, ok := given[key]
		if ofURL := key == "sse" || key == "headers"; ok && ofURL != byURL {
			r.Report(entry, "it does not go with %s", map[bool]string{true: "url", false: "command"}[byURL])
		}
	}
	return u
}

func readName(r *reader, to *string) setting {
	return func(at place) {
		r.Text(to)(at)
		if *to != "" && !nameForm.MatchString(*to) {
			r.Report(at, "%q is not a name: letters, digits, - and _, at most 32", *to)
		}
	}
}

// readCommand reads the name of a program that is there.
func readCommand(r *reader, to *string) setting {
	return func(at place) {
		if r.Text(to)(at); *to == "" {
			return
		}
		if _, err := exec.LookPath(*to); err != nil {
			r.Report(at, "the program cannot be run: %v", err)
		}
	}
}

func checkVariable(name, value string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
		return errors.New("it is not an environment variable")
	}
	return nil
}
