// Package rates says what tokens cost.
//
// What a model's API reports flows in as [Usage], and [Rates], in USDC per million tokens by
// globs of models' names, make an amount of it. Arithmetic is exact, in integers: the whole
// call is summed up first and rounded up to an atomic unit once, never by the event, so that
// a price does not depend on how an answer was cut into pieces.
package rates
