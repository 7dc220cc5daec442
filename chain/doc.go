// Package chain is the connection to an EVM chain: reading from it, keys, sending
// transactions, and a local chain to try things on.
//
// A [Client] reads through one or several JSON-RPC endpoints of one chain: a
// request that an endpoint does not answer is asked of the next one. A [Signer]
// holds a key: a keystore file, an environment variable, or one of the public keys
// of local chains, which are refused everywhere else. A [Sender] sends the
// transactions of one key, one nonce after the other, from any number of
// goroutines: it writes each down before it is broadcast, so that a crash neither
// forgets it nor sends it twice, raises the fee of one that is stuck, and answers
// when it is confirmed. [StartAnvil] runs a chain on this machine.
//
// Amounts of gas are gas units, fees are wei, times are Unix seconds.
package chain
