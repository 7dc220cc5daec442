// Package mpp is the wire of the Machine Payments Protocol: the HTTP authentication scheme
// "Payment" and its form in MCP, for the method "evm" and the intent "charge" with a credential of
// type "authorization", which is an EIP-3009 transfer.
//
// A seller answers with a [Challenge]: what is asked, and until when. An [Issuer] binds its id to
// its content by HMAC, so that the seller need not remember it. The payer signs the transfer that
// [Challenge.Authorize] writes, whose nonce is the hash of the challenge, and sends it back as a
// [Credential]; [Issuer.Check] holds it against the challenge. The answer carries a [Receipt]. Over
// HTTP they are the headers WWW-Authenticate, Authorization and Payment-Receipt; over MCP they are
// the data of an error or the _meta of a result ([Required]), and two entries of _meta.
//
// The same payment in x402 is one of the scheme "exact": [Challenge.Requirements],
// [Credential.Payment], [FromRequirements] and [FromSettlement] go from one to the other.
//
// What comes in was written by anybody: it is bounded, and refused with an error that wraps one
// sentinel, of which [ProblemOf] makes the answer. The package checks form and what is bound by
// hash; whether a signature is good and money moves is for others.
package mpp
