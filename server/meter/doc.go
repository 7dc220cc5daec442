// Package meter says what a call of a model's API costs: at most before it, so far while it
// streams, and exactly when the API has told its usage.
//
// A request flows into [Tokens], which gives a [Call]: the body for the upstream and the
// ceiling to hold. The bytes of the answer flow into its [Stream], which gives them back as
// pieces, each with the cost of all that has left with it. No cost passes the ceiling,
// whatever the upstream tells. It moves no money, runs no goroutine and knows no clock.
package meter
