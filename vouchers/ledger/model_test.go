package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

const (
	modelInFlight = 6
	modelMost     = 60 // the largest price
)

// walk drives a ledger and its reference through the same history.
type walk struct {
	*reference
	shop     *shop
	payer    *payer
	answered []ledger.Payment // in this process, without an identifier
	broken   []ledger.Payment // in this process, without an identifier: charged in parts and never committed
	bound    []bound          // with an identifier
	unfreeze func()
}

func TestTheLedgerDoesWhatAPlainReferenceDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{reference: &reference{used: map[vouchers.Amount]bool{}}, payer: newPayer(t, "payer")}
		w.shop = newShop(t, ledger.WithPatience(0), ledger.WithMaxInFlight(modelInFlight))
		defer w.shop.close()
		w.deposit(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"reserve": w.reserve, "reserve another": w.reserve, "draw": w.draw, "commit": w.commit, "release": w.release,
			"part":      w.part,
			"set aside": w.setAside, "give back": w.giveBack, "deposit": w.deposit, "claim": w.claim,
			"claim by somebody": w.claimBySomebody, "withdraw": w.withdraw,
			"freeze": w.freeze, "replay": w.replay, "restart": w.restart,
			"": w.check,
		})
	})
}

func (w *walk) now() uint64 { return uint64(w.shop.clock.time().Unix()) }

// check compares everything, and with it the lines that must hold at every moment.
func (w *walk) check(rt *rapid.T) {
	c, found := w.shop.Channel(w.payer.id)
	if !found {
		rt.Fatal("the channel is gone")
	}
	if c.Balance != w.balance || c.Claimed != w.claimed || c.Charged != w.charged || c.Aside != w.aside || c.Ceiling != w.ceiling || c.Burnt != w.burnt || c.Offset != w.offset ||
		c.Reserved != w.reserved() || c.InFlight != len(w.flights) || c.Withdrawal != w.withdrawal || c.Frozen != w.frozen {
		rt.Fatalf("the ledger has %+v, the reference %+v with %d reserved", c, *w.reference, w.reserved())
	}
	if c.Claimed > c.Charged || c.Count()+c.Reserved > c.Ceiling || c.Charged+c.Reserved > c.Balance {
		rt.Fatalf("a line is crossed: %+v", c)
	}
}

func amountUpTo(rt *rapid.T, most vouchers.Amount, label string) vouchers.Amount {
	return vouchers.Amount(rapid.Uint64Range(0, uint64(most)).Draw(rt, label))
}

func (w *walk) reserve(rt *rapid.T) {
	price := amountUpTo(rt, modelMost, "price")
	exact := w.charged + w.reserved() + w.aside + w.offset + price
	ceiling := rapid.SampledFrom([]vouchers.Amount{exact, exact.Minus(1), w.ceiling + price, w.ceiling, w.burnt, amountUpTo(rt, exact+2*modelMost, "any ceiling")}).Draw(rt, "ceiling")
	payment := w.payer.pays(ceiling, price)
	if rapid.IntRange(0, 2).Draw(rt, "identified") == 0 {
		payment.Identifier = fmt.Sprintf("%x", payment.Fingerprint)
	}
	want := w.accepts(ceiling, price, w.now())
	r, err := w.shop.Reserve(context.Background(), payment)
	if !errors.Is(err, want) {
		rt.Fatalf("ceiling %d, price %d: %v, want %v", ceiling, price, err, want)
	}
	if err != nil {
		return
	}
	w.flights = append(w.flights, &flight{r: r, payment: payment, price: price, again: w.used[ceiling] || ceiling <= w.floor})
	w.used[ceiling] = true
	w.ceiling = max(w.ceiling, ceiling)
}

func (w *walk) draw(rt *rapid.T) {
	price := amountUpTo(rt, min(w.aside+1, modelMost), "price")
	want := w.draws(price, w.now())
	r, err := w.shop.Draw(context.Background(), w.payer.id, price)
	if !errors.Is(err, want) {
		rt.Fatalf("draw %d: %v, want %v", price, err, want)
	}
	if err == nil {
		w.aside -= price
		w.flights = append(w.flights, &flight{r: r, price: price, drawn: true})
	}
}

// flying draws a call in flight.
func (w *walk) flying(rt *rapid.T) *flight {
	if len(w.flights) == 0 {
		rt.Skip("nothing is in flight")
	}
	return rapid.SampledFrom(w.flights).Draw(rt, "call")
}

func (w *walk) commit(rt *rapid.T) {
	f := w.flying(rt)
	actual := rapid.SampledFrom([]vouchers.Amount{0, f.left(), amountUpTo(rt, f.left(), "any")}).Draw(rt, "actual")
	charge, err := f.r.Commit(context.Background(), actual, saying("an answer"))
	if err != nil {
		rt.Fatal(err)
	}
	w.charged += actual
	if f.drawn {
		w.aside += f.left() - actual
	}
	f.paid += actual
	w.buys(f)
	w.free(f)
	switch {
	case f.drawn || f.paid == 0:
	case f.payment.Identifier == "":
		w.answered = append(w.answered, f.payment)
	default:
		w.bound = append(w.bound, bound{f.payment, "an answer"})
	}
	w.burn(0)
	if charge.Charged != actual || charge.Cumulative != w.charged || charge.State.Charged != w.charged || charge.State.Reserved != w.reserved() {
		rt.Fatalf("charge %+v", charge)
	}
}

func (w *walk) release(rt *rapid.T) {
	f := w.flying(rt)
	f.r.Release()
	w.free(f)
	if f.drawn {
		w.aside += f.left()
	}
	w.breaksOff(f)
	w.burn(0)
}

func (w *walk) setAside(rt *rapid.T) {
	f := w.flying(rt)
	err := f.r.SetAside(context.Background())
	if f.drawn || f.paid > 0 {
		if !errors.Is(err, ledger.ErrReservationEnded) {
			rt.Fatalf("set aside what was drawn, or charged in parts: %v", err)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	w.end(f)
	w.aside += f.price
	w.bought = max(w.bought, f.payment.Voucher.Ceiling)
}

func (w *walk) giveBack(rt *rapid.T) {
	amount := amountUpTo(rt, w.aside+modelMost, "amount")
	if err := w.shop.GiveBack(context.Background(), w.payer.id, amount); err != nil {
		rt.Fatal(err)
	}
	w.aside -= min(w.aside, amount)
	w.burn(0)
}

// see lets the ledger know the reference's view of the escrow.
func (w *walk) see(rt *rapid.T) {
	_, err := w.shop.Open(context.Background(), deployment, w.payer.config, vouchers.ChainState{Balance: w.balance, Claimed: w.claimed, Withdrawal: w.withdrawal})
	if err != nil {
		rt.Fatal(err)
	}
}

func (w *walk) deposit(rt *rapid.T) {
	w.balance += amountUpTo(rt, 10*modelMost, "deposit")
	w.see(rt)
}

// claim publishes a voucher and claims with it, as a settlement does.
func (w *walk) claim(rt *rapid.T) {
	newest := rapid.Bool().Draw(rt, "newest")
	r, ok := w.shop.Redeem(w.payer.id, newest)
	if !ok {
		if newest && min(w.charged, w.balance) > w.claimed {
			rt.Fatal("charges that cannot be claimed")
		}
		return
	}
	v := vouchers.Voucher{Channel: w.payer.id, Ceiling: r.Ceiling}
	signer, err := vouchers.Recover(domain.VoucherDigest(v), r.Signature)
	switch {
	case err != nil || signer != w.payer.config.PayerAuthorizer:
		rt.Fatalf("ceiling %d is signed by %s, %v", r.Ceiling, signer, err)
	case r.Total != min(w.charged, w.balance, r.Ceiling) || r.Claimed != w.claimed:
		rt.Fatalf("%+v of %+v", r, *w.reference)
	case newest && r.Ceiling != w.ceiling, !newest && r.Ceiling > w.burnt && (r.Ceiling >= w.ceiling || r.Ceiling > w.count() || w.flies(r.Ceiling)):
		rt.Fatalf("it publishes %d of %+v", r.Ceiling, *w.reference)
	}
	if err := w.shop.Burn(context.Background(), w.payer.id, r.Ceiling); err != nil {
		rt.Fatal(err)
	}
	w.burn(r.Ceiling)
	if rapid.Bool().Draw(rt, "mined") {
		w.claimedUpTo(rt, r.Total)
	}
}

// flies reports whether a call in flight has a ceiling at or below this one.
func (w *walk) flies(ceiling vouchers.Amount) bool {
	return slices.ContainsFunc(w.flights, func(f *flight) bool { return !f.drawn && f.payment.Voucher.Ceiling <= ceiling })
}

// claimBySomebody is a claim with a voucher that this ledger has not put on chain.
func (w *walk) claimBySomebody(rt *rapid.T) {
	w.claimedUpTo(rt, amountUpTo(rt, w.charged, "total"))
}

func (w *walk) claimedUpTo(rt *rapid.T, total vouchers.Amount) {
	if err := w.shop.Claimed(context.Background(), w.payer.id, total); err != nil {
		rt.Fatal(err)
	}
	if w.claimed = max(w.claimed, total); w.claimed > w.burnt {
		w.burn(w.ceiling)
	}
}

// withdraw starts a withdrawal, or lets time pass and finishes the pending one.
func (w *walk) withdraw(rt *rapid.T) {
	free := w.balance - w.charged - w.reserved() - w.aside
	switch pending := w.withdrawal.FinalizeAfter; {
	case pending == 0:
		after := w.now() + rapid.SampledFrom([]uint64{300, 301, 900}).Draw(rt, "delay")
		w.withdrawal = vouchers.Withdrawal{Amount: amountUpTo(rt, w.balance+1, "amount"), FinalizeAfter: after}
	case pending > w.now():
		w.shop.clock.advance(time.Duration(pending-w.now()) * time.Second)
		return
	default:
		w.balance -= min(free, w.withdrawal.Amount)
		w.withdrawal = vouchers.Withdrawal{}
	}
	w.see(rt)
}

func (w *walk) freeze(rt *rapid.T) {
	if w.frozen {
		w.unfreeze()
		w.frozen = false
		return
	}
	unfreeze, err := w.shop.Freeze(w.payer.id)
	if len(w.flights) > 0 {
		if !errors.Is(err, ledger.ErrChannelBusy) {
			rt.Fatalf("freeze with calls in flight: %v", err)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	w.frozen, w.unfreeze = true, unfreeze
}

// replay sends a payment once more that was charged.
func (w *walk) replay(rt *rapid.T) {
	var kinds []string
	if len(w.bound) > 0 {
		kinds = append(kinds, "bound")
	}
	if len(w.answered) > 0 && !w.frozen {
		kinds = append(kinds, "answered")
	}
	if len(w.broken) > 0 && !w.frozen {
		kinds = append(kinds, "broken")
	}
	if len(kinds) == 0 {
		rt.Skip("nothing to replay")
	}
	switch rapid.SampledFrom(kinds).Draw(rt, "kind") {
	case "bound":
		w.replayBound(rt)
	case "answered":
		w.replayAnswered(rt)
	default:
		w.replayBroken(rt)
	}
}

// replayAnswered sends a payment that was answered in this process.
func (w *walk) replayAnswered(rt *rapid.T) {
	payment := rapid.SampledFrom(w.answered).Draw(rt, "payment")
	if payment.Voucher.Ceiling <= w.burnt {
		if _, err := w.shop.Reserve(context.Background(), payment); !errors.Is(err, ledger.ErrCeilingBurnt) && !errors.Is(err, ledger.ErrCeilingBelowClaimed) {
			rt.Fatalf("a burnt payment is answered %v", err)
		}
		if body, told := w.shop.Answered(context.Background(), payment); told {
			rt.Fatalf("a burnt payment is told %q", body)
		}
		return
	}
	if slices.ContainsFunc(w.flights, func(f *flight) bool { return !f.drawn && f.payment.Voucher == payment.Voucher }) {
		rt.Skip("the exact sum has brought its ceiling back")
	}
	r, err := w.shop.Reserve(context.Background(), payment)
	if err != nil {
		rt.Fatalf("replay of ceiling %d: %v", payment.Voucher.Ceiling, err)
	}
	if body, replied := r.Answer(); !replied || string(body) != "an answer" {
		rt.Fatalf("replay of ceiling %d: %q, %t", payment.Voucher.Ceiling, body, replied)
	}
}

// restart forgets what was in flight, gives back what that had drawn, and counts every ceiling
// up to the newest that is left as used. That one may be lower than it was, but for what has
// bought something or was published.
func (w *walk) restart(rt *rapid.T) {
	for _, f := range w.flights {
		if f.drawn {
			w.aside += f.left()
		}
		w.breaksOff(f)
	}
	w.flights, w.answered, w.broken, w.frozen = nil, nil, nil, false
	w.burn(0)
	w.shop.restart()
	c, _ := w.shop.Channel(w.payer.id)
	if c.Ceiling > w.ceiling || c.Ceiling < max(w.bought, w.burnt, w.charged+w.aside) {
		rt.Fatalf("the ceiling is %d after the restart; %+v", c.Ceiling, *w.reference)
	}
	w.used, w.ceiling, w.floor = map[vouchers.Amount]bool{}, c.Ceiling, c.Ceiling
}
