package upstream

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/link"
)

// Lists are what an upstream offers.
type Lists struct {
	Known bool // it has answered once
	// Tools are those that can be sold, Names those that there are, and Left says why the
	// others are not.
	Tools     []mcp.Tool
	Names     []string
	Left      map[string]string
	Resources []mcp.Resource
	Templates []mcp.ResourceTemplate
	Prompts   []mcp.Prompt
}

// NamesOf are the names of tools.
func NamesOf(tools []mcp.Tool) (names []string) {
	for _, tool := range tools {
		names = append(names, tool.Name)
	}
	return names
}

// URIs are those of the resources and templates.
func (l *Lists) URIs() (all []string) {
	for _, resource := range l.Resources {
		all = append(all, resource.URI)
	}
	for _, t := range l.Templates {
		all = append(all, RawTemplate(&t))
	}
	return all
}

// PromptNames are those of the prompts.
func (l *Lists) PromptNames() (names []string) {
	for _, prompt := range l.Prompts {
		names = append(names, prompt.Name)
	}
	return names
}

// RawTemplate is the text of a template, empty if it has none.
func RawTemplate(t *mcp.ResourceTemplate) string {
	if t.URITemplate == nil || t.URITemplate.Template == nil {
		return ""
	}
	return t.URITemplate.Raw()
}

// list asks for everything that the upstream offers. A list that does not come stays
// as it was.
func (s *Server) list(ctx context.Context, l *link.Link) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	s.mu.Lock()
	fresh := s.lists
	s.mu.Unlock()
	caps := l.Hello.Capabilities
	if caps.Tools != nil {
		if tools, err := l.ListTools(ctx); s.listed("tools", err) {
			fresh.Names = NamesOf(tools)
			fresh.Tools, fresh.Left = s.sellable(l, tools)
			fresh.Tools = s.withAble(fresh.Tools)
			fresh.Names = slices.Compact(slices.Sorted(slices.Values(append(fresh.Names, NamesOf(fresh.Tools)...))))
		}
	}
	if caps.Resources != nil {
		if resources, err := l.ListResources(ctx); s.listed("resources", err) {
			fresh.Resources = resources
		}
		switch templates, err := l.ListTemplates(ctx); {
		case errors.Is(err, mcp.ErrMethodNotFound): // it has none
			fresh.Templates = nil
		case s.listed("resource templates", err):
			fresh.Templates = templates
		}
	}
	if caps.Prompts != nil {
		if prompts, err := l.ListPrompts(ctx); s.listed("prompts", err) {
			fresh.Prompts = prompts
		}
	}
	fresh.Known = true
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = fresh
}

// withAble are the tools that all clients are shown, and those that only clients are
// shown that can be asked.
func (s *Server) withAble(tools []mcp.Tool) []mcp.Tool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tool := range s.able {
		if !slices.ContainsFunc(tools, func(other mcp.Tool) bool { return other.Name == tool.Name }) {
			tools = append(tools, tool)
		}
	}
	return tools
}

func (s *Server) listed(what string, err error) bool {
	if err != nil {
		s.logger.Warn("a list did not come; the last one stays", "list", what, "error", link.Reason(err))
	}
	return err == nil
}

// sellable are the tools that can be sold, and why the others cannot.
func (s *Server) sellable(l *link.Link, tools []mcp.Tool) (kept []mcp.Tool, left map[string]string) {
	left = make(map[string]string)
	kept = slices.DeleteFunc(slices.Clone(tools), func(tool mcp.Tool) bool {
		why := s.chosen(tool.Name)
		if why == "" {
			if why = unsellable(l, &tool); why != "" {
				s.logger.Warn("a tool is left out", "tool", tool.Name, "why", why)
			}
		}
		if why != "" {
			left[tool.Name] = why
		}
		return why != ""
	})
	return kept, left
}

// chosen says why the config leaves a tool out, "" if it does not.
func (s *Server) chosen(name string) string {
	switch {
	case len(s.Allow) > 0 && !glob.MatchAny(s.Allow, name):
		return "not in allow"
	case glob.MatchAny(s.Deny, name):
		return "in deny"
	}
	return ""
}

// unsellable says why a tool cannot be sold, "" if it can.
func unsellable(l *link.Link, tool *mcp.Tool) string {
	if glob.Is(tool.Name) || glob.Check(tool.Name) != nil {
		return "its name has characters that patterns are made of, or none at all"
	}
	if err := mcp.ValidateParamHeaderAnnotations(tool); err != nil {
		return err.Error()
	}
	if link.OnlyAsTask(*tool) && l.Modern() {
		return "it only runs as a task, which the protocol that its upstream speaks has no more"
	}
	return ""
}

// scoutTime is how long an upstream may take to show what it has for clients that can
// be asked.
const scoutTime = 10 * time.Second

// scout looks for tools that the upstream shows only to clients that can be asked.
func (s *Server) scout(ctx context.Context) []mcp.Tool {
	if !s.canAsk() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, scoutTime)
	defer cancel()
	l, err := s.dialer.ConnectFor(ctx, link.Owner{Able: asking.Everything})
	if err != nil {
		s.logger.Warn("what the upstream shows to clients that it can ask is not known", "error", link.Reason(err))
		return nil
	}
	defer s.own.CloseLater(l)
	tools, err := l.ListTools(ctx)
	if !s.listed("tools for clients that can be asked", err) {
		return nil
	}
	return tools
}

// Lists are what the upstream has said last that it offers.
func (s *Server) Lists() Lists {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}
