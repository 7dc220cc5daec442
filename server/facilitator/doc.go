// Package facilitator settles payments for servers that do not touch a chain themselves, as x402
// has it: they send what a payer has sent them to POST /verify and POST /settle, and learn from GET
// /supported what is served.
//
// Payments of the schemes exact, upto and batch-settlement flow in, of any number of sellers and on
// any number of chains. Transfers are settled by package clearing, several in one transaction; what
// belongs to a channel goes in a transaction of its own. What became of each flows out, and is the
// same however often it is asked for, over restarts too: what is not known yet is told as
// settlement_pending, and never as a failure.
//
// Who may ask, and for how much gas, is for an [Access] to say. Amounts are atomic units, gas is gas
// units, fees are wei.
package facilitator
