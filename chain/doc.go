// Package chain reads an EVM chain. Questions flow in; what flows out is the answer of
// one of several JSON-RPC endpoints of the same chain: a request that an endpoint does
// not answer is asked of the next one, an answer that cannot be right is taken for
// silence, and a contract's refusal is an error that names its reason. A [Client] signs
// nothing: keys are chain/keys, transactions chain/txmgr, a local chain chain/anvil.
//
// Amounts of gas are gas units, fees are wei, times are Unix seconds.
package chain
