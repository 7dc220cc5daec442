package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server"
)

// announced is what clients see at the moment, as the JSON of each list, so that only a
// list that has changed is announced.
type announced struct{ tools, resources, templates, prompts string }

// directory says whose the prompts and resources are.
type directory struct {
	prompts   map[string]origin
	resources map[string]*upstream
	templates []template
}

type template struct {
	upstream *upstream
	template *mcp.URITemplate
}

// rebuild shows what the upstreams' lists have come to.
func (g *Gateway) rebuild() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ready {
		g.show()
	}
}

// listed is what the upstreams have said that they offer.
func (g *Gateway) listed() map[*upstream]lists {
	all := make(map[*upstream]lists, len(g.upstreams))
	for _, u := range g.upstreams {
		u.mu.Lock()
		all[u] = u.lists
		u.mu.Unlock()
	}
	return all
}

// show is called with g.mu held.
func (g *Gateway) show() {
	all := g.listed()
	fresh := &directory{resources: make(map[string]*upstream)}
	g.showTools(all)
	g.showPrompts(all, fresh)
	g.showResources(all, fresh)
	g.reading.Store(fresh)
}

// announce calls set if a list is not what it was.
func announce[T any](was *string, list []T, describe func(T) any, set func(...T)) {
	described := make([]any, len(list))
	for i, entry := range list {
		described[i] = describe(entry)
	}
	now, err := json.Marshal(described)
	if err == nil && string(now) == *was || len(list) == 0 && *was == "" {
		return
	}
	*was = string(now)
	set(list...)
}

// named are the names that clients see of the tools that can be sold.
func (g *Gateway) named(all map[*upstream]lists, clash func(string, origin)) map[origin]string {
	return inverse(showAs(g.upstreams, func(u *upstream) []string { return namesOf(all[u].tools) }, server.OwnTools(), clash))
}

func (g *Gateway) showTools(all map[*upstream]lists) {
	byOrigin := g.named(all, g.clash("tool"))
	var tools []mcpserver.ServerTool
	now := make(map[string]origin)
	for _, u := range g.upstreams {
		for _, tool := range all[u].tools {
			o := origin{u, tool.Name}
			name, ok := byOrigin[o]
			if _, sold := g.priceOf(o, name); !ok || !sold {
				continue
			}
			now[name] = o
			asTask := onlyAsTask(tool)
			tool.Name, tool.Execution = name, nil // the server library would run a task past the paywall
			tools = append(tools, mcpserver.ServerTool{Tool: tool, Handler: u.tool(o.name, asTask)})
		}
	}
	g.seen.show(now, time.Now(), g.shop.Limits().Listed)
	// A tool must have its price before it can be called.
	if err := g.setPrices(); err != nil {
		g.logger.Error("the tools stay as they were", "error", err)
		return
	}
	announce(&g.shown.tools, tools, func(t mcpserver.ServerTool) any { return t.Tool }, func(tools ...mcpserver.ServerTool) {
		g.mcp.SetTools(append(tools, g.own...)...)
	})
}

func (g *Gateway) showPrompts(all map[*upstream]lists, d *directory) {
	d.prompts = showAs(g.upstreams, func(u *upstream) []string {
		l := all[u]
		return slices.DeleteFunc(l.promptNames(), func(name string) bool { return !glob.MatchAny(u.Prompts, name) })
	}, nil, g.clash("prompt"))
	byOrigin := inverse(d.prompts)
	var prompts []mcpserver.ServerPrompt
	for _, u := range g.upstreams {
		for _, prompt := range all[u].prompts {
			o := origin{u, prompt.Name}
			name, ok := byOrigin[o]
			if !ok {
				continue
			}
			prompt.Name, prompt.Meta = name, server.ForeignMeta(prompt.Meta)
			prompts = append(prompts, mcpserver.ServerPrompt{Prompt: prompt, Handler: u.prompt(o.name)})
		}
	}
	announce(&g.shown.prompts, prompts, func(p mcpserver.ServerPrompt) any { return p.Prompt }, g.mcp.SetPrompts)
}

// showResources shows the resources and templates that the config names. A URI cannot be renamed: the first
// upstream that has it keeps it.
func (g *Gateway) showResources(all map[*upstream]lists, d *directory) {
	clash := g.clash("resource")
	taken := make(map[string]bool)
	var resources []mcpserver.ServerResource
	var templates []mcpserver.ServerResourceTemplate
	for _, u := range g.upstreams {
		for _, resource := range all[u].resources {
			if !glob.MatchAny(u.Resources, resource.URI) {
				continue
			}
			if taken[resource.URI] {
				clash(resource.URI, origin{u, resource.URI})
				continue
			}
			taken[resource.URI] = true
			resource.Meta = server.ForeignMeta(resource.Meta)
			d.resources[resource.URI] = u
			resources = append(resources, mcpserver.ServerResource{Resource: resource, Handler: u.resource})
		}
		for _, t := range all[u].templates {
			if raw := rawTemplate(&t); raw == "" || !glob.MatchAny(u.Resources, raw) {
				continue
			}
			if taken[t.URITemplate.Raw()] {
				clash(t.URITemplate.Raw(), origin{u, t.URITemplate.Raw()})
				continue
			}
			taken[t.URITemplate.Raw()] = true
			t.Meta = server.ForeignMeta(t.Meta)
			d.templates = append(d.templates, template{u, t.URITemplate})
			templates = append(templates, mcpserver.ServerResourceTemplate{Template: t, Handler: u.resource})
		}
	}
	announce(&g.shown.resources, resources, func(r mcpserver.ServerResource) any { return r.Resource }, g.mcp.SetResources)
	announce(&g.shown.templates, templates, func(t mcpserver.ServerResourceTemplate) any { return t.Template }, g.mcp.SetResourceTemplates)
}

func inverse(shown map[string]origin) map[origin]string {
	names := make(map[origin]string, len(shown))
	for name, o := range shown {
		names[o] = name
	}
	return names
}

func (g *Gateway) clash(kind string) func(string, origin) {
	return func(name string, o origin) {
		g.logger.Warn("left out: another upstream has the same; set a prefix", "kind", kind, "name", name, "upstream", o.upstream.Name)
	}
}

// upstreamOf is the upstream that has a resource, nil if none has.
func (g *Gateway) upstreamOf(uri string) *upstream {
	d := g.reading.Load()
	if u := d.resources[uri]; u != nil {
		return u
	}
	for _, t := range d.templates {
		if t.template.Regexp().MatchString(uri) || t.template.Raw() == uri {
			return t.upstream
		}
	}
	return nil
}

// ownerOf is the name of the upstream that has a resource, "" if none has.
func (g *Gateway) ownerOf(uri string) string {
	if u := g.upstreamOf(uri); u != nil {
		return u.Name
	}
	return ""
}

// CompletePromptArgument asks the upstream that has the prompt.
func (g *Gateway) CompletePromptArgument(ctx context.Context, name string, argument mcp.CompleteArgument, filled mcp.CompleteContext) (*mcp.Completion, error) {
	o, ok := g.reading.Load().prompts[name]
	if !ok {
		return nil, fmt.Errorf("there is no prompt %q", name)
	}
	ref := mcp.PromptReference{Type: "ref/prompt", Name: o.name}
	return o.upstream.complete(ctx, mcp.CompleteParams{Ref: ref, Argument: argument, Context: filled})
}

// CompleteResourceArgument asks the upstream that has the resource or the template.
func (g *Gateway) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, filled mcp.CompleteContext) (*mcp.Completion, error) {
	u := g.upstreamOf(uri)
	if u == nil {
		return nil, fmt.Errorf("there is no resource %q", uri)
	}
	ref := mcp.ResourceReference{Type: "ref/resource", URI: uri}
	return u.complete(ctx, mcp.CompleteParams{Ref: ref, Argument: argument, Context: filled})
}
