// Package link is one connection to an upstream, from the handshake to its end.
//
// What the config says of an upstream flows in: the URL of streamable HTTP or of the older SSE, or a
// program, which sees nothing of the gateway's environment but what every program needs. A
// [Link] flows out, over which calls go and notifications come, with what the upstream
// lists, as far as the limits go. What the upstream asks is handed to whoever opened the link,
// and answered as long as people take. A link that may be dead says so, and is not mended:
// another is opened. The headers and URLs of an upstream are secrets: [Reason] tells an error
// without them.
package link
