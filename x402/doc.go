// Package x402 speaks the wire format of x402 version 2 and of its schemes
// "batch-settlement", "exact" and "upto" on EVM chains, over MCP and over HTTP.
//
// The story has three documents. A seller who wants to be paid answers with a
// [PaymentRequired]: what is sold, and the ways to pay for it, each one a
// [Requirements]. The payer picks one, and repeats the request with a
// [PaymentPayload] that carries what the scheme has: a [DepositPayload], a
// [VoucherPayload] or a [RefundPayload] of a channel, or a signed transfer, an
// [AuthorizationPayload] or a [Permit2Payload]. The seller does the work and adds a
// [SettlementResponse] that says what was charged, and where the channel stands or in
// which transaction the transfer is. Over MCP the documents are
// JSON values ([MetaPayment], [MetaPaymentResponse], a tool result's structured
// content); over HTTP they travel base64-encoded in headers ([EncodeHeader],
// [HeaderPaymentRequired] and its siblings). Refusals are the standard's own
// strings, an [ErrorCode] each, and [Refuse] builds the answer.
//
// The decoders are strict where money or identity is at stake: amounts are
// canonical decimal strings, hex has its exact length, numbers are whole and in
// range, names match in their exact case, and a name given twice, trailing data,
// invalid UTF-8, deep nesting and oversized input are refused. They are tolerant of
// everything else: members that this package does not know are kept in the Unknown
// field of the object they came in and written back, entries of other schemes, and those
// of exact and upto whose values it cannot hold, are carried as they are, and null counts
// as absent. What was decoded encodes to the same
// meaning again; encoding is deterministic; addresses are written in EIP-55 form.
//
// A zero value of an optional member means that it is absent. The documents and
// [Requirements] work with encoding/json too; the types inside them are meant to be
// encoded as a part of those.
//
// Amounts are atomic units of the token, times are seconds. The package checks form
// alone: whether a signature is good, a channel funded or a price right is for package
// vouchers and for the server.
package x402
