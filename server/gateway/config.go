package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// What a config takes where it says nothing.
const (
	// DefaultTimeout is how long an upstream may be silent before it has answered.
	DefaultTimeout = time.Minute
	// DefaultOwnConnections is how many clients that can be asked for something have
	// connections of their own to an upstream at once.
	DefaultOwnConnections = 32
	// DefaultSettleEvery is how often charges are claimed and settled.
	DefaultSettleEvery = time.Hour
)

// Config is a gateway's config file, checked.
type Config struct {
	// File is where it was read from.
	File string
	// Listen is host:port; empty is the caller's choice.
	Listen string
	// Hosts are the names by which clients and web pages reach the gateway, beside
	// loopback; "*" is any.
	Hosts []string
	// Origins are web pages that may call from a browser, such as https://app.example.com,
	// beside those of Hosts; "*" is any.
	Origins []string
	// BaseURL is where clients find the routes, as in [server.Options]; empty is the caller's.
	BaseURL string
	// TLS is nil for plain HTTP.
	TLS *tls.Certificate
	// SettleEvery is how often charges are claimed and settled; 0 is never.
	SettleEvery time.Duration
	// SettleOnStop settles once more after the last call.
	SettleOnStop bool
	// MinDeposit is the least deposit that is taken, in atomic USDC; nil is the caller's choice.
	MinDeposit *vouchers.Amount
	// Limits are those that differ from the caller's, by their names in [server.Limits.Set].
	Limits map[string]string
	// MovedFrom are places at which the shop was before, beside the caller's.
	MovedFrom []server.Move
	// Also are deployments that the shop is to be paid through beside the caller's.
	Also []server.Accepts
	// Prices are by the names that the gateway shows.
	Prices Prices
	// Upstreams are the MCP servers that are sold, in the order of the file.
	Upstreams []Upstream
	// Routes are the HTTP routes that are sold.
	Routes []Route
}

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
	// its prompts: what clients are shown beside the tools, and may read for nothing. Without
	// them they are shown none.
	Resources, Prompts []string
	// Prices are by the upstream's own tool names. They come before [Config.Prices]. A tool
	// that neither has a price for is not shown.
	Prices Prices
	// ShareLogs sends its log messages to every client; without it a client gets those
	// that come while its call is the only one.
	ShareLogs bool
}

// Load reads and checks a config file. The error joins a [*Problem] for everything
// that is wrong.
func Load(file string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the gateway's config: %w", err)
	}
	c := &Config{File: file, SettleEvery: DefaultSettleEvery}
	r := &reader{file: file}
	r.parse(text, func(root place) { c.read(r, root) })
	if len(r.problems) > 0 {
		return nil, errors.Join(r.problems...)
	}
	return c, nil
}

func (c *Config) read(r *reader, root place) {
	routes := newRouteChecker()
	prefixes := make(map[string]string)
	r.object(root, map[string]setting{
		"listen":       c.listen(r),
		"hosts":        r.texts(&c.Hosts),
		"origins":      readOrigins(r, &c.Origins),
		"baseURL":      c.baseURL(r),
		"tls":          c.tls(r),
		"settleEvery":  r.duration(&c.SettleEvery, 0),
		"settleOnStop": r.flag(&c.SettleOnStop),
		"minDeposit": func(at place) {
			c.MinDeposit = new(vouchers.Amount)
			r.amount(c.MinDeposit)(at)
		},
		"limits":    c.limits(r),
		"also":      c.also(r),
		"movedFrom": c.movedFrom(r),
		"prices":    readPrices(r, &c.Prices),
		"upstreams": func(at place) {
			r.each(at, func(name string, entry place) {
				u := readUpstream(r, name, entry)
				if other, taken := prefixes[u.Prefix]; taken && u.Prefix != "" {
					r.report(entry, "its prefix %q is that of %s, too", u.Prefix, other)
				}
				prefixes[u.Prefix] = name
				c.Upstreams = append(c.Upstreams, u)
			})
		},
		"routes": func(at place) {
			r.list(at, func(entry place) { c.Routes = append(c.Routes, routes.read(r, entry)) })
		},
	})
	if len(r.problems) == 0 && len(c.Upstreams) == 0 && len(c.Routes) == 0 {
		r.report(root, "nothing is sold: it needs upstreams or routes")
	}
}

func (c *Config) listen(r *reader) setting {
	return func(at place) {
		r.text(&c.Listen)(at)
		if _, _, err := net.SplitHostPort(c.Listen); err != nil && c.Listen != "" {
			r.report(at, "%q is not an address such as 127.0.0.1:8402", c.Listen)
		}
	}
}

func (c *Config) baseURL(r *reader) setting {
	return func(at place) {
		if r.text(&c.BaseURL)(at); c.BaseURL == "" {
			return
		}
		if _, err := server.ParseBaseURL(c.BaseURL); err != nil {
			r.report(at, "%v", err)
		}
	}
}

// tls loads a certificate; relative paths begin at the config file's folder.
func (c *Config) tls(r *reader) setting {
	return func(at place) {
		var cert, key string
		r.object(at, map[string]setting{"cert": r.text(&cert), "key": r.text(&key)})
		if cert == "" || key == "" {
			r.report(at, "it needs cert and key, the paths of PEM files")
			return
		}
		pair, err := tls.LoadX509KeyPair(c.beside(cert), c.beside(key))
		if err != nil {
			r.report(at, "%v", err)
			return
		}
		c.TLS = &pair
	}
}

func (c *Config) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.File), name)
}

func checkGlob(r *reader, at place, pattern string) {
	if err := glob.Check(pattern); err != nil {
		r.report(at, "%v", err)
	}
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)

func readUpstream(r *reader, name string, at place) Upstream {
	u := Upstream{Name: name, Timeout: DefaultTimeout, OwnConnections: DefaultOwnConnections}
	globs := func(to *[]string) setting {
		return func(at place) {
			r.texts(to)(at)
			for _, pattern := range *to {
				checkGlob(r, at, pattern)
			}
		}
	}
	given := make(map[string]place)
	settings := map[string]setting{
		"url": checkedURL(r, &u.URL), "sse": r.flag(&u.SSE), "headers": readHeaders(r, &u.Headers),
		"command": readCommand(r, &u.Command), "args": r.texts(&u.Args), "env": r.secrets(&u.Env, checkVariable),
		"prefix": readName(r, &u.Prefix), "timeout": r.duration(&u.Timeout, time.Millisecond), "totalTimeout": r.duration(&u.TotalTimeout, 0),
		"allow": globs(&u.Allow), "deny": globs(&u.Deny), "resources": globs(&u.Resources), "prompts": globs(&u.Prompts),
		"prices": readPrices(r, &u.Prices), "shareLogs": r.flag(&u.ShareLogs),
		"ownConnections": r.whole(&u.OwnConnections),
	}
	for key, take := range settings {
		settings[key] = func(entry place) {
			given[key] = entry
			take(entry)
		}
	}
	r.object(at, settings)
	if !nameForm.MatchString(name) {
		r.report(at, "%q is not a name: letters, digits, - and _, at most 32", name)
	}
	_, byURL := given["url"]
	_, byCommand := given["command"]
	if byURL == byCommand {
		r.report(at, "it needs either url or command")
		return u
	}
	for _, key := range []string{"sse", "headers", "args", "env"} {
		entry, ok := given[key]
		if ofURL := key == "sse" || key == "headers"; ok && ofURL != byURL {
			r.report(entry, "it does not go with %s", map[bool]string{true: "url", false: "command"}[byURL])
		}
	}
	return u
}

func readName(r *reader, to *string) setting {
	return func(at place) {
		r.text(to)(at)
		if *to != "" && !nameForm.MatchString(*to) {
			r.report(at, "%q is not a name: letters, digits, - and _, at most 32", *to)
		}
	}
}

// readCommand reads the name of a program that is there.
func readCommand(r *reader, to *string) setting {
	return func(at place) {
		if r.text(to)(at); *to == "" {
			return
		}
		if _, err := exec.LookPath(*to); err != nil {
			r.report(at, "the program cannot be run: %v", err)
		}
	}
}

func checkedURL(r *reader, to *string) setting {
	return func(at place) {
		r.text(to)(at)
		u, err := url.Parse(*to)
		if *to != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			r.report(at, "it is not a URL such as https://host/mcp")
		}
	}
}

var headerForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func readHeaders(r *reader, to *map[string]string) setting { return r.secrets(to, checkHeader) }

func checkHeader(name, value string) error {
	if !headerForm.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
		return errors.New("it is not a header: its name has other characters than HTTP allows, or its value has line breaks")
	}
	return nil
}

func checkVariable(name, value string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
		return errors.New("it is not an environment variable")
	}
	return nil
}
