package account

import "github.com/chitpay/chit/vouchers"

// Record is what a book keeps of an account. Amounts are atomic units.
type Record struct {
	// Balance is the deposits less what came back by refunds and withdrawals, Charged what
	// calls cost so far, Signed the highest ceiling signed, which is the most that the
	// seller can take.
	Balance vouchers.Amount `json:"balance"`
	Charged vouchers.Amount `json:"charged"`
	Signed  vouchers.Amount `json:"signed"`
	// OnItsWay is the part of Charged that nobody knows yet to be charged: of calls whose
	// answer never came.
	OnItsWay vouchers.Amount `json:"onItsWay,omitzero"`
	// Deposited is the highest balance that was seen since money was last taken out.
	Deposited vouchers.Amount `json:"deposited,omitzero"`
	// Offset is by how much the seller's count is above Charged: ceilings are signed over
	// both. It was signed before, and costs nothing.
	Offset vouchers.Amount `json:"offset,omitzero"`
	// Disputed is what the seller has charged beyond Charged, by its own receipts or without
	// any. It is part of Offset where the seller's count has risen by it.
	Disputed vouchers.Amount `json:"disputed,omitzero"`
	// Uncharged is what calls cost whose answers never came, and of which the seller said
	// that it has not charged them: what their payments cost if they reach it late is no
	// dispute.
	Uncharged vouchers.Amount `json:"uncharged,omitzero"`
	// Unvouched is the part of Signed that a recovery took over from the chain's nodes, and
	// of which no voucher is known. None is signed where that is above the limits.
	Unvouched vouchers.Amount `json:"unvouched,omitzero"`
}

// Available is what further calls can spend, in atomic units.
func (r Record) Available() vouchers.Amount { return r.Balance.Minus(r.Charged) }

// figures are those of an account that begins with what a book has.
func (r Record) figures() figures {
	f := newFigures(r.Balance, r.Charged.Plus(r.Offset), r.Signed)
	f.offset, f.most, f.disputed, f.uncharged = r.Offset, max(r.Balance, r.Deposited), r.Disputed, r.Uncharged
	f.vouched = f.signed.Minus(r.Unvouched)
	return f
}

// Record is what the book is to keep of the account.
func (a *Account) Record() Record {
	a.lock()
	defer a.look()
	return Record{
		Balance: a.balance, Deposited: a.most, Charged: a.charged.Minus(a.offset).Plus(a.doubt), OnItsWay: a.doubt,
		Offset: a.offset, Disputed: a.disputed, Uncharged: a.uncharged, Signed: a.signed, Unvouched: a.unvouched(),
	}
}
