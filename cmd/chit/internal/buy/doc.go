// Package buy holds the commands that pay for something: calls of tools, HTTP resources, what
// an MCP client wants through the proxy, and credit, which lets others pay. Each reads its
// flags, calls one function of package agent or allowance, and prints what that returns.
package buy
