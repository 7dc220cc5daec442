// Package rawmcp takes what pays past the library that serves MCP over HTTP.
//
// The library decodes and encodes every byte of a small call many times, and most of its bytes are
// its payment and its receipt. A request flows in: [LiftPayments] takes its payment out, and
// [WithLifted] gives it to the sale; [Glance] reads a request's surface, so that nobody has the rest
// decoded who pays for nothing. An answer flows out: [PassNotes] has a mark encoded in the place of what
// it says of its payment, and puts that in when it leaves. What can be read in two ways is left as it
// is, or refused. It knows no price and no means.
package rawmcp
