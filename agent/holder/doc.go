// Package holder is the side of those who hold a credit token.
//
// A call that a token is to pay for comes in with its price; it is held against the holder's own
// policy and book ([Budget.Call]), and made with the token narrowed to what is held, so that no
// more can be charged. Why a token does not pay for a call is read out of the answer
// ([Refused]), with the tools that it still pays for.
package holder
