// Package door bounds what a request over HTTP may hold and cost before anybody knows what
// it asks for: the size of its body and of all bodies together, the time to send it and to
// read its answer. It gives each request an id, and answers in JSON.
//
// Requests flow in from anybody; out flow requests whose body is in memory, and within the
// limits. It promises that no client holds a connection longer than it moves, and that what a
// body takes is given back with its request.
package door
