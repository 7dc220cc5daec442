// Package macaroon is the credit token itself: the text "chit_...", a macaroon whose
// caveats say what it may be spent on. A root key and the limits of a [Scope] flow in;
// what flows out is a [Token], which whoever holds it can narrow without asking anybody
// ([Token.Attenuate]) and nobody can widen, since each caveat is part of the signature.
// Whether a token was minted here only the holder of the [Keyring] can tell
// ([Token.Verify]); what was spent of it is not known here.
//
// Tokens are secrets: [Token.Text] alone shows one, everything else that prints a token
// prints its fingerprint.
package macaroon
