// Package onmcp carries a sale as the call of a tool over MCP, the read of a resource or the get of
// a prompt.
//
// Calls of tools, reads and gets flow in, with a payment or a token in _meta; out flow results with
// what they were charged, or the terms: those of a call in a result, others in an error. The [Paywall] stands between an MCP server and its clients: it
// shows what has a price, sells each call by the ways of the shop, keeps back what a call tells
// on its way until it is paid, and in front of a server over HTTP lets nobody have decoded what
// brings no payment. It knows no means. It promises that no priced tool runs past it.
package onmcp
