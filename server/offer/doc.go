// Package offer says what is sold and for how much.
//
// Prices and rates flow in as people write them and become a [Tariff], in which one [Offer]
// decides for each tool: its price or its [Quote], whether it is metered, what is charged of
// a call that does not deliver, and what each payer gets for nothing. It knows no way to pay
// and none to carry a call. It promises that no call costs more than its price, and that an
// allowance is had once, over restarts too.
package offer
