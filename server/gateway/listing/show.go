package listing

import (
	"encoding/json"
	"slices"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/gateway/link"
	"github.com/chitpay/chit/server/gateway/upstream"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/x402"
)

// announced is what clients see at the moment, as the JSON of each list, so that only a
// list that has changed is announced.
type announced struct{ tools, resources, templates, prompts string }

// Rebuild shows what the upstreams' lists have come to.
func (l *Listing) Rebuild() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ready {
		l.show()
	}
}

// listed is what the upstreams have said that they offer.
func (l *Listing) listed() map[*upstream.Server]upstream.Lists {
	all := make(map[*upstream.Server]upstream.Lists, len(l.upstreams))
	for _, u := range l.upstreams {
		all[u] = u.Lists()
	}
	return all
}

// show is called with l.mu held.
func (l *Listing) show() {
	all := l.listed()
	fresh := &directory{resources: make(map[string]*upstream.Server)}
	l.showTools(all)
	l.showPrompts(all, fresh)
	l.showResources(all, fresh)
	l.reading.Store(fresh)
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
func (l *Listing) named(all map[*upstream.Server]upstream.Lists, clash func(string, origin)) map[origin]string {
	return inverse(showAs(l.upstreams, func(u *upstream.Server) []string { return upstream.NamesOf(all[u].Tools) }, onmcp.OwnTools(), clash))
}

func (l *Listing) showTools(all map[*upstream.Server]upstream.Lists) {
	byOrigin := l.named(all, l.clash("tool"))
	var tools []mcpserver.ServerTool
	now := make(map[string]origin)
	for _, u := range l.upstreams {
		for _, tool := range all[u].Tools {
			o := origin{u, tool.Name}
			name, ok := byOrigin[o]
			if _, sold := l.priceOf(o, name); !ok || !sold {
				continue
			}
			now[name] = o
			asTask := link.OnlyAsTask(tool)
			tool.Name, tool.Execution = name, nil // the server library would run a task past the paywall
			tools = append(tools, mcpserver.ServerTool{Tool: tool, Handler: u.Tool(o.name, asTask)})
		}
	}
	l.seen.show(now, time.Now(), l.shop.Limits().Listed)
	// A tool must have its price before it can be called.
	if err := l.setPrices(); err != nil {
		l.logger.Error("the tools stay as they were", "error", err)
		return
	}
	announce(&l.shown.tools, tools, func(t mcpserver.ServerTool) any { return t.Tool }, func(tools ...mcpserver.ServerTool) {
		l.mcp.SetTools(append(tools, l.own...)...)
	})
}

// promptsOf are the prompts that clients see, by the names that they see. A clash may be nil. It
// is called with l.mu held.
func (l *Listing) promptsOf(all map[*upstream.Server]upstream.Lists, clash func(string, origin)) map[string]origin {
	if clash == nil {
		clash = func(string, origin) {}
	}
	return showAs(l.upstreams, func(u *upstream.Server) []string {
		has := all[u]
		return slices.DeleteFunc(has.PromptNames(), func(name string) bool { return !l.shows(u, x402.PromptPrefix, name, shownAs(u, name)) })
	}, nil, clash)
}

func (l *Listing) showPrompts(all map[*upstream.Server]upstream.Lists, d *directory) {
	d.prompts = l.promptsOf(all, l.clash("prompt"))
	byOrigin := inverse(d.prompts)
	var prompts []mcpserver.ServerPrompt
	for _, u := range l.upstreams {
		for _, prompt := range all[u].Prompts {
			o := origin{u, prompt.Name}
			name, ok := byOrigin[o]
			if !ok {
				continue
			}
			prompt.Name, prompt.Meta = name, foreign.Meta(prompt.Meta)
			prompts = append(prompts, mcpserver.ServerPrompt{Prompt: prompt, Handler: u.Prompt(o.name)})
		}
	}
	announce(&l.shown.prompts, prompts, func(p mcpserver.ServerPrompt) any { return p.Prompt }, l.mcp.SetPrompts)
}

// showResources shows the resources and templates that the config names. A URI cannot be renamed: the first
// upstream that has it keeps it.
func (l *Listing) showResources(all map[*upstream.Server]upstream.Lists, d *directory) {
	clash := l.clash("resource")
	taken := make(map[string]bool)
	var resources []mcpserver.ServerResource
	var templates []mcpserver.ServerResourceTemplate
	for _, u := range l.upstreams {
		for _, resource := range all[u].Resources {
			if !l.shows(u, x402.ResourcePrefix, resource.URI, resource.URI) {
				continue
			}
			if taken[resource.URI] {
				clash(resource.URI, origin{u, resource.URI})
				continue
			}
			taken[resource.URI] = true
			resource.Meta = foreign.Meta(resource.Meta)
			d.resources[resource.URI] = u
			resources = append(resources, mcpserver.ServerResource{Resource: resource, Handler: u.Resource})
		}
		for _, t := range all[u].Templates {
			if raw := upstream.RawTemplate(&t); raw == "" || !l.showsTemplate(u, raw) {
				continue
			}
			if taken[t.URITemplate.Raw()] {
				clash(t.URITemplate.Raw(), origin{u, t.URITemplate.Raw()})
				continue
			}
			taken[t.URITemplate.Raw()] = true
			t.Meta = foreign.Meta(t.Meta)
			d.templates = append(d.templates, template{u, t.URITemplate})
			templates = append(templates, mcpserver.ServerResourceTemplate{Template: t, Handler: u.Resource})
		}
	}
	announce(&l.shown.resources, resources, func(r mcpserver.ServerResource) any { return r.Resource }, l.mcp.SetResources)
	announce(&l.shown.templates, templates, func(t mcpserver.ServerResourceTemplate) any { return t.Template }, l.mcp.SetResourceTemplates)
}

func inverse(shown map[string]origin) map[origin]string {
	names := make(map[origin]string, len(shown))
	for name, o := range shown {
		names[o] = name
	}
	return names
}

func (l *Listing) clash(kind string) func(string, origin) {
	return func(name string, o origin) {
		l.logger.Warn("left out: another upstream has the same; set a prefix", "kind", kind, "name", name, "upstream", o.upstream.Name)
	}
}
