package config

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chitpay/chit/server/gateway/pricing"
	"github.com/chitpay/chit/server/storefront"
)

// The paths that are the gateway's own, which no route can have, beside [storefront.Paths].
const (
	MCPPath    = "/mcp"
	HealthPath = "/healthz"
)

func isOwn(path string) bool {
	return path == MCPPath || path == HealthPath || slices.Contains(storefront.Paths(), path)
}

// Route is an HTTP route that is sold.
type Route struct {
	// Method and Path are a pattern of [http.ServeMux].
	Method, Path string
	// Upstream is a URL. Wildcards of Path may stand in its path, "{rest}" for
	// "{rest...}", too; a URL without a path takes the request's own. What its query
	// fixes, a caller cannot give.
	Upstream string
	// Headers replace the request's own on the way to the upstream. They are secrets.
	Headers map[string]string
	// Price of a request.
	Price pricing.Price
	// Description and MimeType tell payers what they get.
	Description, MimeType string
	// Timeout is how long the upstream may be silent while a request waits for it: no byte
	// of a header nor of the body.
	Timeout time.Duration
	// TotalTimeout is how long a request may take in all; 0 is as long as it takes.
	TotalTimeout time.Duration
	// Stream passes answers on as they come, and charges them meanwhile.
	Stream Stream
}

// Pattern is "METHOD /path".
func (r *Route) Pattern() string { return r.Method + " " + r.Path }

var (
	// wildcard stands in an upstream's URL, inPattern in the pattern of a route.
	wildcard  = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	inPattern = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}`)
)

// Wildcard of a route's path.
type Wildcard struct {
	Name string
	// Rest says that it stands for the rest of the path, not for one segment.
	Rest bool
}

// Wildcards are those of the path, in order.
func (r *Route) Wildcards() (all []Wildcard) {
	for _, match := range inPattern.FindAllStringSubmatch(r.Path, -1) {
		all = append(all, Wildcard{match[1], match[2] != ""})
	}
	return all
}

// Fill is the upstream's URL with what stands for each wildcard in it.
func (r *Route) Fill(value func(wildcard string) string) string {
	return wildcard.ReplaceAllStringFunc(r.Upstream, func(match string) string { return value(match[1 : len(match)-1]) })
}

// routeChecker holds routes against one another, and against the gateway's own.
type routeChecker struct{ taken *http.ServeMux }

func newRouteChecker() *routeChecker {
	c := &routeChecker{http.NewServeMux()}
	for _, pattern := range []string{MCPPath, HealthPath} {
		c.taken.Handle(pattern, http.NotFoundHandler())
	}
	for _, path := range storefront.Paths() {
		c.taken.Handle("GET "+path, http.NotFoundHandler())
	}
	return c
}

func (c *routeChecker) read(r *reader, at place) Route {
	route := Route{Method: http.MethodGet, Timeout: DefaultTimeout}
	priced := false
	r.Object(at, map[string]setting{
		"method": r.Text(&route.Method), "path": r.Text(&route.Path), "upstream": r.URL(&route.Upstream),
		"price": func(at place) {
			priced = true
			readPrice(r, &route.Price)(at)
		},
		"headers": readHeaders(r, &route.Headers),
		"timeout": r.Duration(&route.Timeout, time.Millisecond), "totalTimeout": r.Duration(&route.TotalTimeout, 0),
		"stream": readStream(r, &route.Stream), "description": r.Text(&route.Description), "mimeType": r.Text(&route.MimeType),
	})
	if route.Path == "" || route.Upstream == "" || !priced {
		r.Report(at, "it needs path, upstream and price")
		return route
	}
	if isOwn(route.Path) {
		r.Report(at, "%s is the gateway's own", route.Path)
	} else if err := c.take(route.Pattern()); err != nil {
		r.Report(at, "%v", err)
	}
	_, query, _ := strings.Cut(route.Upstream, "?")
	if wildcard.MatchString(query) {
		r.Report(at, "upstream has a wildcard in its query, which only its path may have")
	} else if _, err := url.ParseQuery(query); err != nil {
		r.Report(at, "the query of upstream cannot be read: %v", err)
	}
	for _, match := range wildcard.FindAllStringSubmatch(route.Upstream, -1) {
		if name := match[1]; !strings.Contains(route.Path, "{"+name+"}") && !strings.Contains(route.Path, "{"+name+"...}") {
			r.Report(at, "upstream has {%s}, which path has not", name)
		}
	}
	return route
}

// take registers a pattern; the mux panics at a bad one.
func (c *routeChecker) take(pattern string) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			first, _, _ := strings.Cut(fmt.Sprint(reason), "\n")
			err = fmt.Errorf("the pattern %q cannot be served: %s", pattern, first)
		}
	}()
	c.taken.Handle(pattern, http.NotFoundHandler())
	return nil
}
