// Package rpcerror lets a handler behind an MCP server library answer with a JSON-RPC error of
// any code and with data, which the library has no way for.
//
// An error of a [Sealer] flows through the library as the text of an internal error, and the
// writer or the HTTP handler of the same sealer, which stands around the library, puts the error
// in its place that is meant. Nobody else can make such a text. Where nothing stands around the
// library, a client reads the text.
package rpcerror
