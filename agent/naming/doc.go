// Package naming has the names under which a payer knows what it pays.
//
// A URL or the name of a tool comes in as somebody has written it; what goes out is the one
// way in which policies and the book know it, or an error where two readers could take it for
// two things. [Matches] holds a name against a pattern, [Shop] says which names are one shop.
// What the other side wrote is shown in few words, and never with what may be a secret.
package naming
