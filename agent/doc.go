// Package agent is the payer's side: an MCP client that pays for the tools it calls.
//
// [Dial] connects to a server. A call of a tool that costs something is answered
// with the terms; the client checks them against its policy, signs a voucher over
// what is charged and in flight, and repeats the call. Vouchers need money in a
// channel: [Client.Deposit] moves it there without a transaction of the payer's own,
// it signs and the server submits. [Client.Refund] brings back what was not spent.
//
// A [Policy] bounds what is paid without asking, by call, tool, server, day and in all;
// it is counted in the book on disk ([Options]). Several processes share it, and may have calls in
// flight in one channel at once. What a policy forbids is a [*PolicyError], which
// [Explain] puts into a form for agents. [TopUp] deposits by itself. With [Options.Session]
// another key signs vouchers than the one that owns the money.
//
// A [Wallet] keeps the keys. [Proxy] pays for any MCP client that is not a Go program,
// [CreditProxy] does with a credit token, [HTTPClient] pays for plain HTTP resources, and
// [Wrap] over connections other than streamable HTTP.
//
// The client keeps its own account of every channel and holds each answer of the
// server against it. It signs no more than what is charged, in flight and asked for
// now; it pays into an escrow only if it is one that is known or pinned; and it stops
// with [ErrDishonest] when the server's numbers cannot be true.
//
// What is carried how stands here: calls of tools, requests of HTTP, the messages of a proxy.
// What is bought, from which money and by which limits stands in the rooms below, which know
// nothing of the carriers: pay buys, and asks policy, budget, account and terms.
package agent
