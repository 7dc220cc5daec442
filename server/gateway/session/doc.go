// Package session knows the clients of the gateway: their sessions, the streams on which they
// wait for news, and what they want to hear of.
//
// Requests of the MCP endpoint flow in, and get the id of a session each, apart from that of the
// session's stream. News of upstreams flow out: to the client of a call, before its answer,
// or to the stream of a session, at the log level that the session asked for. What is
// kept of a client is bounded, and forgotten with its stream. No upstream is known here: whose
// a resource is, is asked of the gateway.
package session
