// Package metrics tells Prometheus what a facilitator does.
//
// Requests that were answered flow in, with what the chains, the keys and the limits stand at when
// somebody asks. Lines of Prometheus' text format flow out, to whom the facilitator's operator lets
// read them. Every label has a value of a closed set: a path, a scheme and a chain that are served, a
// code of x402, the name of an API key, the address of a key that sends. Nothing that a caller wrote
// is one.
//
// Gas is gas units, money for gas is wei, times are seconds. Counts begin with the process.
package metrics
