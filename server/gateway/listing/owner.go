package listing

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/upstream"
)

// directory says whose the prompts and resources are.
type directory struct {
	prompts   map[string]origin
	resources map[string]*upstream.Server
	templates []template
}

type template struct {
	upstream *upstream.Server
	template *mcp.URITemplate
}

// upstreamOf is the upstream that has a resource, nil if none has.
func (l *Listing) upstreamOf(uri string) *upstream.Server {
	d := l.reading.Load()
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

// Owner is the name of the upstream that has a resource, "" if none has.
func (l *Listing) Owner(uri string) string {
	if u := l.upstreamOf(uri); u != nil {
		return u.Name
	}
	return ""
}

// CompletePromptArgument asks the upstream that has the prompt.
func (l *Listing) CompletePromptArgument(ctx context.Context, name string, argument mcp.CompleteArgument, filled mcp.CompleteContext) (*mcp.Completion, error) {
	o, ok := l.reading.Load().prompts[name]
	if !ok {
		return nil, fmt.Errorf("there is no prompt %q", name)
	}
	ref := mcp.PromptReference{Type: "ref/prompt", Name: o.name}
	return o.upstream.Complete(ctx, mcp.CompleteParams{Ref: ref, Argument: argument, Context: filled})
}

// CompleteResourceArgument asks the upstream that has the resource or the template.
func (l *Listing) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, filled mcp.CompleteContext) (*mcp.Completion, error) {
	u := l.upstreamOf(uri)
	if u == nil {
		return nil, fmt.Errorf("there is no resource %q", uri)
	}
	ref := mcp.ResourceReference{Type: "ref/resource", URI: uri}
	return u.Complete(ctx, mcp.CompleteParams{Ref: ref, Argument: argument, Context: filled})
}
