// Package sale sells one call, whatever pays for it and whatever carries it.
//
// A [Means] holds money for a call and gives a [Held] that is charged or released: it knows
// neither MCP nor HTTP. A [Carrier] is one request as its transport has it: it knows no means.
// [Run] puts them together, and what is paid, run, charged, kept and given again stands there
// alone, with the [Bill] of the call and its [Line] in the log. It promises that a call which
// fails, is cancelled or panics costs nothing unless its seller says so, that no answer leaves
// before its charge is durable, that the same payment for the same request gets the same
// answer, and that what a means is told of its payer is proved.
package sale
