// Package extension has the extensions of x402 that chit speaks: the standard's
// payment-identifier and offer-receipt, and chit's own, by which a payer proves beside a
// payment that it is the payer ([PayerOrder]) and a shop that it has moved ([Move]). The
// extensions of a document flow in ([x402.Extensions]); what flows out is what they say,
// or a copy with one more. A value that is not of its form is refused as a document is,
// and every other extension stays as it came.
package extension
