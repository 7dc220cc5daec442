// Package v1 reads and writes the documents of x402 version 1, in which wallets of before 2026 pay
// by "exact" alone.
//
// What a seller asks and answers is made from what it says in version 2: [Terms] are those ways of
// its terms that version 1 has, [PaymentPayload.V2] is the same payment under the entry that it
// pays, and [Response] is the receipt. Over HTTP the terms are the body of status 402, beside version
// 2's in a header; payment and receipt are headers, base64 as in version 2 ([HeaderPayment],
// [HeaderResponse]). Over MCP a payment is the document itself where version 2 has it, or the text
// of that header under [MetaPayment].
//
// Chains go by names here ([ChainID], [NetworkOf]). Decoding is as strict as package x402's, within
// the same limits and with the same errors.
package v1
