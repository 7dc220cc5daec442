package asking

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// Abilities are what a client can be asked for, a letter each.
type Abilities string

const (
	sampling        = "s"
	samplingContext = "c"
	samplingTools   = "t"
	elicitForm      = "e"
	elicitURL       = "u"
	roots           = "r"
	rootsChange     = "l"

	// Everything is what the gateway itself declares, so that it is shown every tool.
	Everything Abilities = sampling + samplingContext + samplingTools + elicitForm + elicitURL + roots + rootsChange
)

func (a Abilities) has(letter string) bool { return strings.Contains(string(a), letter) }

// abilitiesOf reads what a client declares.
func abilitiesOf(declared *mcp.ClientCapabilities) Abilities {
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
	return Abilities(a.String())
}

// Declared is what a client declares that has them.
func (a Abilities) Declared() (caps mcp.ClientCapabilities) {
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

// Allow says whether a client may be asked this.
func (a Abilities) Allow(method string, params any) bool {
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

// NewSession is an id for a session of a client, which says what it can be asked for,
// so that nothing has to be remembered of it.
func (a Abilities) NewSession() string {
	if a == "" {
		return "chit-" + rand.Text()
	}
	return "chit-" + string(a) + "-" + rand.Text()
}

var ableSession = regexp.MustCompile(`^chit-([` + string(Everything) + `]+)-`)

// InSession are the abilities that a session's id tells of.
func InSession(id string) Abilities {
	if match := ableSession.FindStringSubmatch(id); match != nil {
		return Abilities(match[1])
	}
	return ""
}

// Client is the session of the client that a request came from, and what it can be
// asked for. Clients of the newest protocol have no sessions, and take no requests.
func Client(ctx context.Context) (session string, able Abilities) {
	if s := mcpserver.ClientSessionFromContext(ctx); s != nil {
		session = s.SessionID()
	}
	return session, InSession(session)
}

// Initializing says whether a request begins a session, and what the client says that
// it can be asked for.
func Initializing(r *http.Request) (Abilities, bool) {
	body, err := reread(r)
	var m struct {
		Method string
		Params struct{ Capabilities json.RawMessage }
	}
	if err != nil || json.Unmarshal(body, &m) != nil || m.Method != string(mcp.MethodInitialize) {
		return "", false
	}
	var declared mcp.ClientCapabilities
	if json.Unmarshal(m.Params.Capabilities, &declared) != nil {
		return "", true // nothing that it could be asked for
	}
	return abilitiesOf(&declared), true
}
