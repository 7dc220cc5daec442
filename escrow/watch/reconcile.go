package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Difference is one thing that the ledger and the chain do not agree on, as it was
// found; the ledger has taken over the chain's word since.
type Difference struct {
	Channel vouchers.ChannelID `json:"channel"`
	Payer   common.Address     `json:"payer"`
	// What is "balance", "claimed", "withdrawal", "refund nonce" or "charged".
	What string `json:"what"`
	// Ledger and Chain are what each says, for people.
	Ledger string `json:"ledger"`
	Chain  string `json:"chain"`
	// Because says how that can come about, and what follows from it.
	Because string `json:"because"`
	// Lost is what was charged and cannot be claimed any more because of this, in atomic units.
	Lost vouchers.Amount `json:"lost,omitempty"`
}

// Reconciliation is what comparing the ledger with the chain found.
type Reconciliation struct {
	Channels    int          `json:"channels"`
	Differences []Difference `json:"differences"`
	// Stopped are the channels that take no payments, because another program with the
	// receiver's key has taken from them.
	Stopped []ledger.Stop `json:"stopped,omitempty"`
}

// Reconcile compares every channel of the ledger with the chain, takes over what the
// chain says, and returns what differed. It is safe beside [Watcher.Run].
func (w *Watcher) Reconcile(ctx context.Context) (Reconciliation, error) {
	found := Reconciliation{Differences: []Difference{}}
	err := w.each(ctx, 0, func(ledger.Channel) bool { return true }, func(ch ledger.Channel, state vouchers.ChainState) error {
		found.Channels++
		differences, err := w.reconcile(ctx, ch, state)
		found.Differences = append(found.Differences, differences...)
		return err
	})
	if err != nil {
		return found, fmt.Errorf("compare the ledger with escrow %s: %w", w.contract.Deployment(), err)
	}
	return found, nil
}

func (w *Watcher) reconcile(ctx context.Context, ch ledger.Channel, state vouchers.ChainState) ([]Difference, error) {
	now, known := w.ledger.Channel(ch.ID)
	if !known {
		return nil, nil
	}
	if state.Block < now.Block || agrees(now, state) != agrees(ch, state) {
		// The ledger has learned something since the chain was read.
		var err error
		if state, err = w.contract.State(ctx, ch.Config, w.options.confirmations); err != nil {
			return nil, err
		}
		if now, known = w.ledger.Channel(ch.ID); !known {
			return nil, nil
		}
	}
	differences := compare(now, state)
	if agrees(now, state) {
		return differences, nil
	}
	if err := w.ledger.Reorganized(ctx, ch.ID, state); err != nil {
		return nil, err
	}
	w.Learned(ch.ID)
	w.announce(now)
	return differences, nil
}

func agrees(ch ledger.Channel, s vouchers.ChainState) bool {
	return ch.Balance == s.Balance && ch.Claimed == s.Claimed && ch.Withdrawal == s.Withdrawal && ch.RefundNonce == s.RefundNonce
}

// compare explains each difference.
func compare(ch ledger.Channel, s vouchers.ChainState) []Difference {
	var all []Difference
	add := func(what string, ledger, chain any, because string) {
		all = append(all, Difference{Channel: ch.ID, Payer: ch.Config.Payer, What: what, Ledger: fmt.Sprint(ledger), Chain: fmt.Sprint(chain), Because: because})
	}
	lose := func(amount vouchers.Amount) { all[len(all)-1].Lost = amount }
	switch {
	case s.Balance > ch.Balance:
		add("balance", ch.Balance, s.Balance, "a deposit was not seen here; it can be spent now")
	case s.Balance < ch.Balance:
		add("balance", ch.Balance, s.Balance, "a refund or a finished withdrawal was not seen here, or a deposit is not deep enough yet or was lost in a reorganization")
	}
	switch {
	case ch.IsForeign(s.Claimed):
		add("claimed", ch.Claimed, s.Claimed, "this store did not make the claim: another program with the receiver's key did, or the store is an older copy")
		lose(min(ch.Charged, s.Claimed) - min(ch.Charged, ch.Claimed))
	case s.Claimed > ch.Claimed:
		add("claimed", ch.Claimed, s.Claimed, "a claim was not booked here: the program ended before it was")
	case s.Claimed < ch.Claimed:
		add("claimed", ch.Claimed, s.Claimed, "a booked claim is not on the chain: it was lost in a reorganization; the next settlement claims it again")
	}
	if s.Withdrawal != ch.Withdrawal {
		because := "the payer announced a withdrawal that was not seen here"
		if s.Withdrawal.FinalizeAfter == 0 {
			because = "the payer's withdrawal was finished or taken back"
		}
		add("withdrawal", describe(ch.Withdrawal), describe(s.Withdrawal), because)
	}
	if s.RefundNonce != ch.RefundNonce {
		add("refund nonce", ch.RefundNonce, s.RefundNonce, "a refund was not seen here, or was lost in a reorganization")
	}
	if ch.Charged > s.Balance && ch.Charged > s.Claimed {
		add("charged", ch.Charged, s.Balance, fmt.Sprintf("more was charged than the channel holds: %s cannot be claimed unless the payer deposits again", ch.Charged-s.Balance))
		lose(ch.Charged - s.Balance)
	}
	return all
}

func describe(w vouchers.Withdrawal) string {
	if w.FinalizeAfter == 0 {
		return "none"
	}
	return fmt.Sprintf("%s after %s", w.Amount, time.Unix(int64(w.FinalizeAfter), 0).UTC().Format(time.RFC3339))
}
