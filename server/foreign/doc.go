// Package foreign takes out of what others have written what is not theirs to say.
//
// What a handler answers may be what another program said, and that program may be a shop
// itself. A payer would take its terms, receipts and refusals for this shop's, and pay it. What
// belongs to the protocols of payment is therefore this shop's own alone: contents, members of
// _meta and headers flow in, and out without it. It promises that what reads as terms, or as a
// refusal, never passes as somebody else's answer.
package foreign
