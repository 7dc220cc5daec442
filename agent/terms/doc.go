// Package terms chooses how a server is paid, and from which channel.
//
// What a server offers comes in; the way that this payer takes goes out, with the channel that it
// leads to ([Chooser.Choose]). An escrow is taken only if it is one that [escrow.Trusted] knows.
// A channel belongs to the shop that it was opened for: who names another shop's terms is paid
// from a channel of its own ([Salt]), and a shop that moves proves it.
package terms
