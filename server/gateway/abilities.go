package gateway

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// abilities are what a client can be asked for, a letter each.
type abilities string

const (
	sampling        = "s"
	samplingContext = "c"
	samplingTools   = "t"
	elicitForm      = "e"
	elicitURL       = "u"
	roots           = "r"
	rootsChange     = "l"

	// everything is what the gateway itself declares, so that it is shown every tool.
	everything abilities = sampling + samplingContext + samplingTools + elicitForm + elicitURL + roots + rootsChange
)

func (a abilities) has(letter string) bool { return strings.Contains(string(a), letter) }

// abilitiesOf reads what a client declares.
func abilitiesOf(declared *mcp.ClientCapabilities) abilities {
	var a strings.Builder
	note := func(letter string, has bool) {
		if has {
			a.WriteString(letter)
		}
	}
	if s := declared.Sampling; s != nil {
		a.WriteString(sampling)
		note(samplingContext, s.Context != nil)
		note(samplingTools, s.Tools != nil)
	}
	if e := declared.Elicitation; e != nil {
		note(elicitForm, e.Form != nil || e.URL == nil)
		note(elicitURL, e.URL != nil)
	}
	if r := declared.Roots; r != nil {
		a.WriteString(roots)
		note(rootsChange, r.ListChanged)
	}
	return abilities(a.String())
}

// declared is the other way round.
func (a abilities) declared() (caps mcp.ClientCapabilities) {
	flag := func(letter string) *struct{} {
		if a.has(letter) {
			return &struct{}{}
		}
		return nil
	}
	if a.has(sampling) {
		caps.Sampling = &mcp.SamplingCapability{Context: flag(samplingContext), Tools: flag(samplingTools)}
	}
	if a.has(elicitForm) || a.has(elicitURL) {
		caps.Elicitation = &mcp.ElicitationCapability{Form: flag(elicitForm), URL: flag(elicitURL)}
	}
	if a.has(roots) {
		caps.Roots = &struct {
			ListChanged bool `json:"listChanged,omitempty"`
		}{a.has(rootsChange)}
	}
	return caps
}

// allow says whether a client may be asked this.
func (a abilities) allow(method string, params any) bool {
	switch mcp.MCPMethod(method) {
	case mcp.MethodSamplingCreateMessage:
		return a.has(sampling)
	case mcp.MethodElicitationCreate:
		fields, _ := params.(map[string]any)
		if fields["mode"] == mcp.ElicitationModeURL {
			return a.has(elicitURL)
		}
		return a.has(elicitForm)
	case mcp.MethodListRoots:
		return a.has(roots)
	}
	return false
}

// newSession is an id for a session of a client, which says what it can be asked for,
// so that nothing has to be remembered of it.
func (a abilities) newSession() string {
	if a == "" {
		return "chit-" + rand.Text()
	}
	return "chit-" + string(a) + "-" + rand.Text()
}

var ableSession = regexp.MustCompile(`^chit-([` + string(everything) + `]+)-`)

// inSession are the abilities that a session's id tells of.
func inSession(id string) abilities {
	if match := ableSession.FindStringSubmatch(id); match != nil {
		return abilities(match[1])
	}
	return ""
}

// clientOf is the session of the client that a request came from, and what it can be
// asked for. Clients of the newest protocol have no sessions, and take no requests.
func clientOf(ctx context.Context) (session string, able abilities) {
	if s := mcpserver.ClientSessionFromContext(ctx); s != nil {
		session = s.SessionID()
	}
	return session, inSession(session)
}
