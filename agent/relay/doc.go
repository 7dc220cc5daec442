// Package relay passes every message on between an MCP client, over a pair of streams, and a
// server, byte for byte where it can.
//
// The calls of tools are left to one who pays for them ([Paying]), and the list of tools shows
// none that moves money, and one more: [BalanceTool]. A message that two readers could read in
// two ways is refused. A server that has forgotten its client is greeted again, and what either
// side asks at once is bounded.
package relay
