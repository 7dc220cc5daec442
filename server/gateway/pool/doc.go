// Package pool holds the connections to an upstream that belong to one client each.
//
// An upstream asks its client for something without saying for which call. A client
// that can be asked therefore has a connection of its own to each upstream that it
// uses, on which nobody else's calls are made. Sessions flow in, and a leased link
// flows out, opened for the first call and kept for the next ones. A link ends with its session,
// after a while without calls, or when its place is needed by another client, but never
// under a call. How many there are, and how fast they are opened, is bounded, since sessions
// cost nothing and each may start a program.
package pool
