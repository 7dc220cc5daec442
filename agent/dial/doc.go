// Package dial makes a payer's connections to servers, and bounds them.
//
// The [Limits] say what the other side can make a client read, remember or wait for. What goes
// out is an HTTP client, or one for MCP, whose answers keep to them and that follows no
// redirect. [Watched] tells which limit a failed request has met, [OnWay] whether a request
// has left this machine at all, and a [Crowd] counts what a server asks in turn.
package dial
