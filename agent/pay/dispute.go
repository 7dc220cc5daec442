package pay

import (
	"fmt"
	"log/slog"

	"github.com/chitpay/chit/agent/book"
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
func (p *Payer) judge(ch *channel, r *receipts.Signed) {
	if !ch.Suspects(r) {
		return
	}
	if amount, total := ch.Judge(r); amount > 0 {
		p.disputed(Dispute{ch.ID, p.nameOf(ch), amount, total})
		p.owe(p.write(ch))
	}
}

// Log writes a dispute where the options say nothing.
func (d Dispute) Log(to *slog.Logger) {
	to.Warn("a charge is disputed: "+d.String(), "channel", d.Channel.Hex(), "amount", d.Amount.Decimal())
}

// disputedSum is what is disputed of all channels of the book, or of this process.
func (p *Payer) disputedSum() (sum vouchers.Amount, err error) {
	if p.book != nil {
		return p.book.Disputed()
	}
	entries, err := p.entries()
	return book.Disputed(entries), err
}
