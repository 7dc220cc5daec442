package storefront

import (
	"bytes"
	"fmt"
)

// llms is the document at [LLMsPath].
func llms(s *Sold) (kind string, body []byte, err error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n> %s\n", markdown(s.Name), s.tagline())
	if s.costs() {
		b.WriteString(howToPay(s))
	}
	if len(s.Tools) > 0 {
		fmt.Fprintf(&b, "\n## Tools\n\nThey are called by MCP, over streamable HTTP at %s.\n\n", code(s.at(s.MCPPath)))
		for i, tool := range s.Tools {
			if i == MaxListed {
				fmt.Fprintf(&b, "- and %d more, which tools/list has\n", len(s.Tools)-i)
				break
			}
			fmt.Fprintf(&b, "- %s: %s.%s\n", code(tool.Name), tool.Cost.String(), after(tool.Description))
		}
	}
	if len(s.Routes) > 0 {
		b.WriteString("\n## HTTP routes\n\n")
		for _, route := range s.Routes {
			fmt.Fprintf(&b, "- %s: %s.%s\n", code(route.Method+" "+s.at(template(route.Path))), route.Cost.String(), after(route.Description))
		}
		fmt.Fprintf(&b, "\n[The same as an OpenAPI document](%s)\n", s.at(OpenAPIPath))
	}
	return "text/plain; charset=utf-8", b.Bytes(), nil
}

// after is a description behind what it is of, if there is one.
func after(description string) string {
	if description == "" {
		return ""
	}
	return " " + markdown(description)
}

func (s *Sold) tagline() string {
	if !s.costs() {
		return "Nothing here costs anything."
	}
	return "What is sold here is paid for in USDC, call by call, without an account."
}

func howToPay(s *Sold) string {
	var b bytes.Buffer
	b.WriteString("\n## How to pay\n\nA call or a request without a payment costs nothing: it is answered with its terms. What a price here says is the most that it\ncosts; the terms are what counts.\n\n")
	if s.toolsCost() {
		fmt.Fprintf(&b, "- From an MCP client: %s in the place of the server pays for what the client calls, within the budget of its owner. A client\n  that can only set a header sends a credit token as %s.\n",
			code("chit proxy "+s.at(s.MCPPath)), code("Authorization: Bearer TOKEN"))
	}
	if s.routesCost() {
		b.WriteString("- By HTTP: a client of x402, version 2, reads the header `PAYMENT-REQUIRED` of the answer 402, sends the request again with\n  `PAYMENT-SIGNATURE`, and finds the receipt in `PAYMENT-RESPONSE`.\n")
	}
	if s.takesFirst() {
		b.WriteString("- By x402, version 1: the terms are in the body of the 402, and the payment goes into `X-PAYMENT`, or into `_meta[\"x402.payment\"]` of a call by MCP.\n")
	}
	if s.takesMPP() {
		b.WriteString("- By MPP, method `evm`, intent `charge`: the challenges are in `WWW-Authenticate: Payment` and the credential goes into `Authorization: Payment`,\n  or by MCP into `_meta[\"org.paymentauth/credential\"]`.\n")
	}
	b.WriteString("- By chit: " + s.byChit() + ".\n\nWhat is taken:\n\n")
	for _, w := range s.ways() {
		fmt.Fprintf(&b, "- %s on %s, token %s, paid to %s\n", markdown(w.scheme), markdown(w.network), w.asset, w.payTo)
	}
	return b.String()
}

// byChit are the commands that pay.
func (s *Sold) byChit() string {
	call, get := "`chit call TOOL key=value`", "`chit pay-url URL`"
	switch {
	case !s.routesCost():
		return call
	case !s.toolsCost():
		return get
	}
	return call + " for a tool, " + get + " for a route"
}
