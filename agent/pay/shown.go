package pay

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/chitpay/chit/agent/filing"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// A server whose books were restored from a backup has forgotten calls that it has answered. It
// is shown the receipt that it gave for them, so that its count is the payer's again. That costs
// the payer nothing: it has counted these calls, and signs no more for them.

// Reopened is that a server has opened its books anew, and where they stand by them. Amounts are
// atomic units.
type Reopened struct {
	Channel vouchers.ChannelID `json:"channel"`
	Server  string             `json:"server"`
	filing.Opening
}

// String says what happened, and whether the books agree.
func (r Reopened) String() string {
	text := fmt.Sprintf("%s has opened its books anew (epoch %d), as after a backup was restored: ", r.Server, r.Epoch)
	switch {
	case r.Before == r.Proven:
		return text + fmt.Sprintf("they agree with this payer's up to %s", r.Proven)
	case r.Before < r.Proven:
		return text + fmt.Sprintf("they know of %s charged in channel %s, this payer's receipts prove %s, which it is shown with the next payment", r.Before, r.Channel, r.Proven)
	}
	return text + fmt.Sprintf("they say that %s was charged in channel %s, this payer's receipts prove %s; what no call explains is disputed", r.Before, r.Channel, r.Proven)
}

// Log writes it where the options say nothing.
func (r Reopened) Log(to *slog.Logger) {
	to.Warn(r.String(), "channel", r.Channel.Hex(), "epoch", r.Epoch)
}

// show adds to a payment the receipt that proves most of what the channel was charged to a server
// whose books are of an epoch, and what this payer counts.
func (p *Payer) show(ch *channel, paid *x402.PaymentPayload, epoch uint64) error {
	counted := ch.Total()
	shown := extension.Shown{Counted: &counted}
	proof, err := p.receipts.Proof(ch.ID, epoch)
	if err == nil && proof != nil {
		shown.Latest, err = proof.Wire()
	}
	if err == nil && !isBefore(proof, epoch) {
		counted, err = p.countedWithoutTokens(counted)
	}
	if err == nil {
		paid.Extensions, err = extension.ShowReceipt(paid.Extensions, shown)
	}
	return err
}

// isBefore reports whether a receipt, nil if there is none, proves what was charged before an
// epoch.
func isBefore(r *receipts.Signed, epoch uint64) bool {
	if r == nil {
		return false
	}
	of, _ := vouchers.EpochOf(r.Sequence)
	return of < epoch
}

// countedWithoutTokens leaves the budgets of credit tokens out of what is counted. Where no
// receipt says what was charged, the server takes the count for it; but what it has forgotten of
// a budget was set aside, its tokens are worth nothing any more, and nobody says that it was spent.
func (p *Payer) countedWithoutTokens(counted vouchers.Amount) (vouchers.Amount, error) {
	aside, err := p.purse.OnTokens()
	if err != nil {
		return 0, fmt.Errorf("read what credit tokens have: %w", err)
	}
	return counted.Minus(aside), nil
}

// sendFull sends a payment in full, with what the server has been found to have forgotten, and
// once more with that where it asks for it.
func (p *Payer) sendFull(ctx context.Context, ch *channel, w *Want, paid *x402.PaymentPayload) (a *Answer, again bool, err error) {
	if epoch := ch.forgotten.Swap(0); epoch > 0 {
		if err := p.show(ch, paid, epoch); err != nil {
			return nil, false, err
		}
	}
	a, again, err = p.send(ctx, w, &words.Payment{Full: paid})
	if err != nil {
		return a, again, err
	}
	epoch := asksReceipt(a, ch)
	if epoch == 0 {
		return a, again, nil
	}
	if err := p.show(ch, paid, epoch); err != nil {
		return nil, again, err
	}
	a, more, err := p.send(ctx, w, &words.Payment{Full: paid})
	return a, again || more, err
}

// asksReceipt is the epoch of a server that refuses a payment until a receipt of its channel is
// shown, 0 where it asks for none.
func asksReceipt(a *Answer, ch *channel) uint64 {
	if a.Required == nil {
		return 0
	}
	asked, err := extension.AskedFor(a.Required.Extensions)
	if err != nil || asked == nil || asked.Channel != ch.ID {
		return 0
	}
	return asked.Epoch
}

// file holds a seller's receipt against what was charged, who signed it and the receipts
// before it, and keeps it for the book. One that says something else is as good as none:
// the call was paid for, and its answer is the payer's. A server that has opened its books anew
// is shown what it has forgotten.
func (p *Payer) file(ch *channel, charged vouchers.Amount, r *receipts.Signed) (filed bool) {
	if r == nil || r.Channel != ch.ID || r.Charged != charged || r.Network != ch.Contract.Deployment().Network() || r.Escrow != ch.Contract.Deployment().Escrow {
		return false
	}
	f, unread := p.receipts.File(r, ch.Config.ReceiverAuthorizer)
	p.owe(unread)
	if f.Opened == nil {
		return f.Fits
	}
	p.reopened(Reopened{ch.ID, p.nameOf(ch), *f.Opened})
	if f.Opened.Before < f.Opened.Proven {
		ch.forgotten.Store(f.Opened.Epoch)
	}
	return f.Fits
}
