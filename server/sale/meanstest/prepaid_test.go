package meanstest_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/sale/meanstest"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// A prepaid is the example of how a new way to pay is written: all of it is this file. Its
// payer has handed the seller a list of vouchers beforehand, and got a name for each. A call
// brings a name where a credit token would be, and the voucher of that name pays for it.
//
// Three things make a way. The [sale.Way] looks at what a request brings and says whether that
// is its own; it is added by [server.Options.Ways], asked before the shop's own ways. The
// [sale.Means] sets the price aside for one call, or gives the answer that was kept for it, or
// says why not. The [sale.Held] is that money, which the sale charges or releases. When the
// call runs, what is kept and when an answer leaves is the business of the sale alone.
type prepaid struct {
	ledger *ledger.Ledger
	*list
}

// list are the vouchers that were handed over, by their names: secrets, since each pays for
// a call.
type list struct {
	mu     sync.RWMutex // guards byName
	byName map[string]ledger.Payment
}

// take puts a voucher on the list and returns its name.
func (l *list) take(voucher ledger.Payment) string {
	name := macaroon.Prefix + "prepaid_" + rand.Text() // with the prefix, it is read from a header
	voucher.Identifier = name                          // what the answer is kept under
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byName[name] = voucher
	return name
}

func (l *list) find(p sale.Presented) (voucher ledger.Payment, found bool) {
	if p.Token == nil {
		return voucher, false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	voucher, found = l.byName[*p.Token]
	return voucher, found
}

// ways are those of a shop that takes what is on the list beside what it takes anyway.
func (l *list) ways(shop *server.Shop, own sale.Ways) sale.Ways {
	return append(sale.Ways{&prepaid{shop.Ledger, l}}, own...)
}

// By implements [sale.Way]. Another token is not for this way to refuse: it returns nil.
func (w *prepaid) By(l *sale.Line, p sale.Presented) sale.Means {
	voucher, found := w.find(p)
	if !found {
		return nil
	}
	return &byName{w.ledger, l, voucher}
}

// Proves implements [sale.Way].
func (w *prepaid) Proves(_ context.Context, _ string, p sale.Presented) (bool, *terms.Refusal) {
	_, found := w.find(p)
	return found, nil
}

// Explain implements [sale.Way]. What a voucher lacks is said when it is to pay.
func (w *prepaid) Explain(context.Context, *sale.Line, sale.Presented) *sale.Denial { return nil }

// byName pays for one call with the voucher of a name.
type byName struct {
	ledger  *ledger.Ledger
	line    *sale.Line
	voucher ledger.Payment
}

func (by *byName) Hold(ctx context.Context, request [32]byte) (sale.Held, []byte, *sale.Denial) {
	by.line.PaidBy(by.voucher.Config.Payer, by.voucher.Voucher.Channel)
	by.voucher.Price, by.voucher.Fingerprint = by.line.Price, request
	reservation, err := by.ledger.Reserve(ctx, by.voucher)
	if err != nil {
		no := terms.FromLedger(err)
		no.Channel = nil // where it stands is the business of its payer, not of who knows a name
		return nil, nil, &sale.Denial{Terms: no}
	}
	if kept, ok := reservation.Answer(); ok {
		return nil, kept, nil
	}
	return &heldByName{reservation, by.voucher}, nil, nil
}

func (by *byName) Busy(_ context.Context, many *sale.TooMany) *sale.Denial {
	return &sale.Denial{Terms: terms.Refuse(x402.ErrChannelBusy, "%v", many)}
}

// heldByName is the price of one call, set aside in the payer's channel.
type heldByName struct {
	reservation *ledger.Reservation
	voucher     ledger.Payment
}

func (h *heldByName) Release() { h.reservation.Release() }

func (h *heldByName) Slices() bool { return true }

func (h *heldByName) Part(ctx context.Context, amount vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.reservation.Part(ctx, amount, render, puts...)
	return err
}

func (h *heldByName) Commit(ctx context.Context, total vouchers.Amount, _ []byte, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error {
	_, err := h.reservation.Commit(ctx, total, render, puts...)
	return err
}

func (h *heldByName) Customer() sale.Customer {
	return sale.Customer{Channel: h.voucher.Voucher.Channel}
}

func (h *heldByName) Keeps() bool { return true }

func (h *heldByName) Ran() []byte { return nil }

func (h *heldByName) Receipt() receipts.Receipt {
	return receipts.Receipt{Ceiling: h.voucher.Voucher.Ceiling}
}

func (h *heldByName) Tell(_ context.Context, charged vouchers.Amount, state ledger.Channel, _ *receipts.Receipt) (sale.Told, error) {
	return sale.Told{Response: x402.SettlementResponse{
		Success: true, Network: state.Deployment.Network(), Payer: state.Config.Payer, Extra: x402.SettlementExtra{ChargedAmount: &charged},
	}}, nil
}

func (h *heldByName) Advice() string {
	return "make the same call again later: it is charged once at most"
}

func TestPrepaidVouchers(t *testing.T) {
	l := &list{byName: make(map[string]ledger.Payment)}
	meanstest.Run(t, meanstest.Subject{
		Options: func(o *server.Options) { o.Ways = l.ways },
		Open: func(t testing.TB, at *meanstest.Place, budget vouchers.Amount) meanstest.Payer {
			return &prepayer{channel: openChannel(t, at, budget), list: l}
		},
		UsedUp: string(x402.ErrCumulativeExceedsBalance),
	})
}

// prepayer hands a voucher over for each payment, just before it names it.
type prepayer struct {
	*channel
	list *list
}

func (p *prepayer) Pay(t testing.TB, price vouchers.Amount) meanstest.Payment {
	voucher, signature := p.sign(t, price)
	return named{token: p.list.take(ledger.Payment{Deployment: p.domain.Deployment(), Config: p.config, Voucher: voucher, Signature: signature})}
}

func (p *prepayer) Forge(testing.TB, vouchers.Amount) meanstest.Payment {
	return named{token: macaroon.Prefix + "prepaid_" + rand.Text()}
}
