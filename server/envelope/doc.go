// Package envelope puts transfers into other words than those of x402's second version.
//
// Terms by exact flow in, and challenges of MPP (package mpp) and terms of x402's first version
// (package v1) flow out; credentials and payments in those words flow in, and the same payment
// in the words of the second version flows out, which is what ways to pay know. It judges no
// payment but for what MPP binds to a challenge. Nothing of a challenge is remembered: its id is
// a hash under the shop's secret.
package envelope
