// Package limits names what strangers can make a shop do, remember or spend, and bounds it.
//
// A config's texts flow in and become [Limits], each with a name and a default; [Rates] and
// the network that a request comes from turn some of them into decisions; [Hits] counts who
// met which. It promises that every limit has a value, and that one which is met is told to
// the operator, once.
package limits
