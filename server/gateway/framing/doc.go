// Package framing parts what an upstream says into messages, and bounds them.
//
// Bytes flow in as they come, of an answer, of a program's output or of a stream of events; the
// same bytes flow out, with an error for its request in the place of each message that is
// longer than the gateway takes. Of such a message no more is kept than its id, and
// those around it pass untouched.
package framing
