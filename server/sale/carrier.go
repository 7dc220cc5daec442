package sale

import (
	"context"

	"github.com/chitpay/chit/vouchers/receipts"
)

// Carrier is one request as its transport has it, and A the answer. It knows nothing of how
// the call is paid for.
type Carrier[A any] interface {
	// Request tells this request from another under the same payment, and Resource is what
	// receipts call what it asks for.
	Request() [32]byte
	Resource() string
	// Serve makes the call, with its meter, and says how it has ended.
	Serve(ctx context.Context, b *Bill) (A, Ending)
	// Sells is what of an answer that is charged leaves, and false where it is none that can be.
	Sells(end Ending, answer A) (A, bool)
	// Note is what an answer is told of its payment, for the answer and to be kept with it.
	Note(t Told) (Added[A], error)
	// NoteReceipt adds the receipt of a charge to an answer, which has its notes.
	NoteReceipt(answer A, r *receipts.Signed) error
	// Pack is an answer without its notes, to be kept, and Unpack one with them, but for the
	// receipt.
	Pack(answer A) ([]byte, error)
	Unpack(kept []byte) (A, error)
	// Refuse, Withhold and Break answer in place of what was asked for.
	Refuse(ctx context.Context, no *Denial) A
	Withhold(advice string) A
	Break(err error) A
}

// Added are notes, encoded once, so that charges of one channel wait for no more than that.
type Added[A any] interface{ Into(answer A) }
