// Package timeout ends a call whose upstream takes too long.
//
// A call's context flows in, with the two times that the config has for it; a context
// that a [Clock] ends flows out. An upstream that gives signs of life is not silent,
// and silence while the client of the call is waited for is not the upstream's. What
// comes after the call does not start its clock again.
package timeout
