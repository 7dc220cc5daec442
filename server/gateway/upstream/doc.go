// Package upstream keeps an MCP server that is sold connected, and calls it.
//
// Calls of clients flow in, and flow out to the upstream over the connection that all share,
// or, where the upstream can ask the client something, over one of the client's own. Answers
// come back as they are, but for what they say of payments; progress, log messages and
// changes go to the sessions that they concern, and what the upstream asks goes to the client whose call made
// it ask. What the upstream lists is kept while it is down, and what of it can be sold. An
// upstream that is down, or silent for too long, makes a call fail, and is tried again
// for as long as the gateway runs.
package upstream
