// Package keys holds the keys that sign for an account. Where a key is flows in: a key
// file and its passphrase, an environment variable, the URL of a program such as clef,
// or the number of one of the public keys of local chains, which are refused everywhere
// else. What flows out is a [Signer], which signs and never gives the key away, nor shows
// it in a log or an error.
package keys
