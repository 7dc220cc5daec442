package listing

import (
	"strings"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/x402"
)

// capabilities are those of the upstreams together, with what they tell models about
// themselves. While one has not answered yet, it is taken to be capable of everything,
// since clients ask once.
func (l *Listing) capabilities() []mcpserver.ServerOption {
	var resources, subscribe, prompts, completions, logging bool
	var instructions []string
	for _, u := range l.upstreams {
		reads, prompted := len(u.Resources) > 0 || l.pricesAny(u, x402.ResourcePrefix), len(u.Prompts) > 0 || l.pricesAny(u, x402.PromptPrefix)
		hello := u.Hello()
		if hello == nil {
			resources, subscribe, prompts = resources || reads, subscribe || reads, prompts || prompted
			completions, logging = completions || reads || prompted, true
			continue
		}
		caps := hello.Capabilities
		resources = resources || reads && caps.Resources != nil
		subscribe = subscribe || reads && caps.Resources != nil && caps.Resources.Subscribe
		prompts = prompts || prompted && caps.Prompts != nil
		completions = completions || (reads || prompted) && caps.Completions != nil
		logging = logging || caps.Logging != nil
		if hello.Instructions != "" {
			instructions = append(instructions, hello.Instructions)
		}
	}
	options := []mcpserver.ServerOption{mcpserver.WithInstructions(strings.Join(instructions, "\n\n"))}
	if resources {
		options = append(options, mcpserver.WithResourceCapabilities(subscribe, true))
	}
	if prompts {
		options = append(options, mcpserver.WithPromptCapabilities(true))
	}
	if completions {
		options = append(options, mcpserver.WithCompletions(), mcpserver.WithPromptCompletionProvider(l), mcpserver.WithResourceCompletionProvider(l))
	}
	if logging {
		options = append(options, mcpserver.WithLogging())
	}
	return options
}
