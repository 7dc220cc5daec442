package storefront

import "github.com/chitpay/chit/x402"

// directory is the document at [WellKnownPath], as directories of x402 read it.
type directory struct {
	// Version is that of the document.
	Version     int `json:"version"`
	X402Version int `json:"x402Version"`
	// Resources are the URLs of what costs something: of each route, whose wildcards are in
	// braces, and of the MCP endpoint once if a tool does.
	Resources []string `json:"resources"`
	// Instructions are for people and models.
	Instructions string `json:"instructions"`
}

func wellKnown(s *Sold) directory {
	d := directory{Version: 1, X402Version: x402.Version, Resources: []string{}, Instructions: "What is sold, for how much, and how to pay: " + s.at(LLMsPath)}
	if s.toolsCost() {
		d.Resources = append(d.Resources, s.at(s.MCPPath))
	}
	seen := make(map[string]bool)
	for _, route := range s.Routes {
		if url := s.at(template(route.Path)); route.Most > 0 && !seen[url] {
			seen[url] = true
			d.Resources = append(d.Resources, url)
		}
	}
	return d
}
