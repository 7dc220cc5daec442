// Package credit lets many agents spend a little each out of one deposit.
//
// The payer of a channel signs one voucher that covers a budget, and gets a token
// for it: a macaroon, the text "chit_...", which any client can send in a header.
// What it may be spent on is in its caveats ([macaroon.Scope]). Whoever holds a token can
// narrow it without asking anybody ([macaroon.Token.Attenuate]); nobody can widen it, since
// each caveat is part of the signature and every one of them is enforced.
//
// [Book] is the seller's side. It mints tokens under the newest of its root keys
// ([macaroon.Keyring]), keeps a counter for every budget, calls and rate caveat that was
// ever spent under, and takes each call from all of them at once:
//
//	Spend: check the scope, reserve in every counter, draw from the channel
//	Commit(actual): the charge and the counters become durable together
//	Part(amount): the same for a part of the price, while the call goes on
//	Release: what was not charged is given back, at every level
//
// Three lines hold at every moment, also after a crash:
//
//   - what was spent under a caveat, and is being spent, never exceeds its limit;
//   - the budgets of live tokens never exceed what their channel has set aside;
//   - what was spent and answered is durable, and is never given back.
//
// A grant ends when it expires, is revoked or is used up; what it has not spent
// then returns to the channel once its last call has ended.
//
// Tokens are secrets: [macaroon.Token.Text] alone shows one, everything else that prints a
// token prints its fingerprint.
package credit
