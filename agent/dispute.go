package agent

import (
	"fmt"
	"log/slog"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Dispute is a charge that no call of this payer explains. Amounts are atomic units.
type Dispute struct {
	Channel vouchers.ChannelID `json:"channel"`
	Server  string             `json:"server"`
	// Amount is what was found out now, Total all that is disputed of the channel.
	Amount vouchers.Amount `json:"amount"`
	Total  vouchers.Amount `json:"total"`
}

// String says what was charged, and what to do.
func (d Dispute) String() string {
	return fmt.Sprintf("%s has charged %s that no call of this payer explains, %s in all, in channel %s; `chit receipts fetch` gets what it says that they were for. "+
		"If nothing else pays with this key, pay there no more and take out what is left: `chit refund`, or `chit withdraw` without its consent",
		d.Server, d.Amount, d.Total, d.Channel)
}

// judge holds the seller's receipt of a charge, nil if it gave none, against what this
// payer's calls explain, and tells the owner what they do not. Most of the time that is
// nothing, and costs nothing.
func (p *payer) judge(ch *channel, r *receipts.Signed) {
	if !ch.suspects(r) {
		return
	}
	if amount, total := ch.judge(r); amount > 0 {
		p.disputed(Dispute{ch.id, p.nameOf(ch), amount, total})
		p.owe(p.write(ch))
	}
}

// log writes a dispute where the options say nothing.
func (d Dispute) log(to *slog.Logger) {
	to.Warn("a charge is disputed: "+d.String(), "channel", d.Channel.Hex(), "amount", d.Amount.Decimal())
}

// suspects tells, by what this process saw last, whether there is something to judge.
func (a *account) suspects(r *receipts.Signed) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unproven > 0 || r != nil && (a.forgets && a.foreign == nil || a.unexplained(r) != a.disputed)
}

// judge sets what is disputed, and returns by how much it has risen. A receipt says what
// was charged over the channel's life: no more than this payer ordered where the server's
// count is above that because of what it has put on chain. A charge without a receipt
// proves nothing, so that what the count was raised by is disputed until a receipt comes.
// Without a book what was charged before the first receipt is not this process's to judge;
// which of its own calls that are on their way are in there is not known.
func (a *account) judge(r *receipts.Signed) (amount, total vouchers.Amount) {
	a.lock()
	defer a.unlock()
	if r != nil && a.forgets && a.foreign == nil {
		before := r.Cumulative.Minus(r.Charged)
		a.foreign = &before
	}
	a.unproven = a.unproven.Minus(a.arrive(r))
	is := a.disputed.Plus(a.unproven)
	if r != nil {
		is = a.unexplained(r)
	}
	amount = is.Minus(a.disputed)
	a.disputed, a.unproven = is, 0
	return amount, a.disputed
}

// arrive counts as charged, of what calls do not explain, the prices of those whose
// payments have reached the server after it had said that they were not charged. It
// returns how much that is.
func (a *account) arrive(r *receipts.Signed) vouchers.Amount {
	more := a.unproven
	if r != nil {
		more = r.Cumulative.Minus(a.explained().Plus(a.flying.Plus(a.doubt)))
	}
	late := min(more, a.uncharged, a.offset)
	if late == 0 {
		return 0
	}
	a.uncharged -= late
	a.offset -= late
	if a.tally != nil {
		a.tally.arrive(late)
	}
	return late
}

// explained is what this payer's calls explain of what was charged.
func (a *account) explained() vouchers.Amount {
	own := a.charged.Minus(a.offset)
	if a.foreign != nil {
		own = own.Plus(*a.foreign)
	}
	return own
}

// unexplained is what was charged by a receipt and is not for a call of this payer. It
// does not fall by a receipt that may not be the newest, nor while calls are in flight or
// in doubt, which may be in it.
func (a *account) unexplained(r *receipts.Signed) vouchers.Amount {
	own, open := a.explained(), a.flying.Plus(a.doubt)
	more := r.Cumulative.Minus(own.Plus(open))
	if open > 0 || r.Cumulative < own {
		return max(more, a.disputed)
	}
	return more
}

// disputedSum is what is disputed of all channels of the book, or of this process.
func (p *payer) disputedSum() (sum vouchers.Amount, err error) {
	if p.book != nil {
		return p.book.disputed()
	}
	entries, err := p.entries()
	return disputedOf(entries), err
}

func (b *Book) disputed() (vouchers.Amount, error) {
	entries, err := b.Channels()
	return disputedOf(entries), err
}

func disputedOf(entries []Entry) (sum vouchers.Amount) {
	for _, e := range entries {
		sum = sum.Plus(e.Disputed)
	}
	return sum
}
