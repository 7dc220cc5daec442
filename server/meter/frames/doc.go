// Package frames cuts a streamed answer into its events, as its bytes come.
//
// Bytes flow in, cut at any place; out flow frames, whose bytes put together are the bytes
// that came, unchanged: server-sent events (WHATWG HTML, 9.2) or lines of JSON. Libraries
// for server-sent events give the decoded event alone and drop the bytes, which a seller
// passes on as they are. What is held is at most [MaxEvent]; a longer event passes on in parts.
package frames
