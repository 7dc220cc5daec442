// Package pricing is what a tool or a route of the gateway costs.
//
// A [Price] comes from the config: an amount, or a sum by an argument ([Per]). A call's
// arguments, or a request's path and query, flow in; the amount that the call is sold for
// flows out, which is never more than the price's Most. Where programs may read the
// arguments as other values than the price did, the call is refused. [Prices] find the
// price of a tool by its name.
package pricing
