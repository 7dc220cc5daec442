package escrow_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/watch"
)

func TestTheWatcherSeesEverythingThatHappensToAChannel(t *testing.T) {
	b := newBench(t)
	p, standard := b.newPayer(t, "compact"), b.newPayer(t, "standard")
	o := observe(t, b)
	p.deposit(t, 10*usdc)
	standard.deposit(t, 10*usdc)
	o.knows(p)
	o.knows(standard)
	own := p.ownSender(t)
	o.signs(p, 2*usdc) // the ledger must believe that there is something to claim
	for _, c := range []struct {
		name   string
		change func() error
	}{
		{"a deposit", func() error { p.deposit(t, 5*usdc); return nil }},
		{"a compact claim", func() error {
			_, err := b.ClaimAndSettle(t.Context(), b.seller, []escrow.Claim{p.claim(t, usdc, 2*usdc)})
			return err
		}},
		{"a refund with a standard claim", func() error {
			_, err := b.Refund(t.Context(), b.seller, standard.claim(t, usdc, usdc), 2*usdc)
			return err
		}},
		{"a withdrawal", func() error {
			_, err := b.InitiateWithdraw(t.Context(), own, p.config, usdc)
			return err
		}},
	} {
		if err := c.change(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		o.poll()
		o.agrees(p)
		o.agrees(standard)
	}
	if len(o.alarms) != 1 || o.alarms[0] != p.id {
		t.Errorf("alarms for %v, want %s", o.alarms, p.id)
	}
	control(t, "evm_increaseTime", p.config.WithdrawDelay)
	if _, err := b.FinalizeWithdraw(t.Context(), own, p.config); err != nil {
		t.Fatal(err)
	}
	o.poll()
	o.agrees(p)
	if moved, err := o.Poll(t.Context()); moved || err != nil {
		t.Errorf("a poll without a new block: %v, %v", moved, err)
	}
}

func TestTheWatcherGoesOnAfterARestartWhereItWas(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	o := observe(t, b)
	p.deposit(t, 10*usdc)
	o.knows(p)
	o.poll()
	o.close()
	p.deposit(t, 7*usdc)
	control(t, "anvil_mine", 40)
	p.deposit(t, 1*usdc)
	o.open()
	o.poll()
	o.agrees(p)
}

func TestAnEndpointThatLimitsTheRangeOfAQueryIsAskedForLess(t *testing.T) {
	var refused atomic.Int64
	limited := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if m := logRange.FindSubmatch(body); m != nil {
			from, _ := strconv.ParseUint(string(m[1]), 16, 64)
			to, _ := strconv.ParseUint(string(m[2]), 16, 64)
			if to-from >= 10 {
				refused.Add(1)
				http.Error(w, "a query covers 10 blocks at most", http.StatusBadRequest)
				return
			}
		}
		answer, err := http.Post(net.Anvil.URL(), "application/json", bytes.NewReader(body))
		if err != nil {
			return
		}
		defer func() { _ = answer.Body.Close() }()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, answer.Body)
	}))
	defer limited.Close()
	client, err := chain.Dial(t.Context(), limited.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	b.Contract = escrow.At(client, escrow.Own.Escrow)
	o := observe(t, b)
	o.knows(p)
	control(t, "anvil_mine", 30)
	p.deposit(t, 5*usdc)
	control(t, "anvil_mine", 30)
	o.poll()
	o.agrees(p)
	if refused.Load() == 0 {
		t.Error("no query was refused")
	}
	refused.Store(0)
	control(t, "anvil_mine", 45)
	p.deposit(t, 5*usdc)
	o.poll()
	o.agrees(p)
	if again := refused.Load(); again > 0 {
		t.Errorf("%d queries of a range that was refused before", again)
	}
}

var logRange = regexp.MustCompile(`"eth_getLogs".*"fromBlock":"0x([0-9a-f]+)".*"toBlock":"0x([0-9a-f]+)"`)

func TestADepositIsCreditedWhenItIsDeepEnoughAndAWithdrawalIsSeenAtOnce(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	own := p.ownSender(t)
	p.deposit(t, 10*usdc)
	control(t, "anvil_mine", 2)
	o := observe(t, b, watch.WithDepth(3))
	o.knows(p)
	p.deposit(t, 5*usdc)
	for depth := 1; depth <= 4; depth++ {
		o.poll()
		want := 10 * usdc
		if depth >= 3 {
			want = 15 * usdc
		}
		if got := o.channel(p).Balance; got != want {
			t.Errorf("%d blocks deep the balance is %s, want %s", depth, got, want)
		}
		control(t, "anvil_mine", 1)
	}
	if _, err := b.InitiateWithdraw(t.Context(), own, p.config, usdc); err != nil {
		t.Fatal(err)
	}
	o.poll()
	if o.channel(p).Withdrawal.Amount != usdc || len(o.alarms) != 1 {
		t.Errorf("the withdrawal was not seen in its first block: %+v", o.channel(p))
	}
}

func TestTheLedgersViewIsRolledBackWithTheChain(t *testing.T) {
	b := newBench(t)
	p, untouched := b.newPayer(t, ""), b.newPayer(t, "untouched")
	p.deposit(t, 10*usdc)
	untouched.deposit(t, 3*usdc)
	o := observe(t, b)
	o.knows(p)
	o.knows(untouched)
	o.poll()
	for name, rewind := range map[string]func(){
		"another history of the same length": func() { control(t, "anvil_reorg", 3, []any{}) },
		"a longer one":                       func() { control(t, "anvil_reorg", 3, []any{}); control(t, "anvil_mine", 2) },
	} {
		control(t, "anvil_mine", 3)
		o.poll()
		p.deposit(t, 5*usdc)
		control(t, "anvil_mine", 1)
		o.signs(p, o.channel(p).Charged+usdc)
		claim := p.claim(t, o.channel(p).Charged, o.channel(p).Charged)
		if _, err := b.ClaimAndSettle(t.Context(), b.seller, []escrow.Claim{claim}); err != nil {
			t.Fatal(err)
		}
		if err := o.ledger.Claimed(t.Context(), p.id, claim.Total); err != nil {
			t.Fatal(err)
		}
		o.poll()
		o.agrees(p)
		before := o.channel(p)
		rewind()
		o.poll()
		o.agrees(p)
		o.agrees(untouched)
		if after := o.channel(p); after.Balance != before.Balance-5*usdc || after.Claimed >= before.Claimed || after.Charged != before.Charged {
			t.Errorf("%s: %+v became %+v", name, before, after)
		}
	}
}

func TestWhatWasBookedBetweenTwoPollsIsRolledBackToo(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	control(t, "anvil_mine", 2)
	o := observe(t, b)
	o.knows(p)
	o.poll()
	o.signs(p, usdc)
	claim := p.claim(t, usdc, usdc)
	if _, err := b.ClaimAndSettle(t.Context(), b.seller, []escrow.Claim{claim}); err != nil {
		t.Fatal(err)
	}
	if err := o.ledger.Claimed(t.Context(), p.id, claim.Total); err != nil {
		t.Fatal(err)
	}
	o.Learned(p.id)
	if err := o.ledger.SetChain(t.Context(), p.id, p.state(t)); err != nil {
		t.Fatal(err)
	}
	control(t, "anvil_reorg", 1, []any{}) // the watcher has never seen the block that this takes away
	o.poll()
	control(t, "anvil_mine", 1)
	o.poll()
	o.agrees(p)
}

func TestARewoundNodeIsFollowedBackAlsoAfterARestart(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	o := observe(t, b)
	o.knows(p)
	o.poll()
	snapshot := control(t, "evm_snapshot")
	p.deposit(t, 5*usdc)
	control(t, "anvil_mine", 5)
	o.poll()
	control(t, "evm_revert", snapshot)
	o.restart()
	for range 4 { // the first ones take it for an endpoint that lags
		o.poll()
	}
	o.agrees(p)
	if got := o.channel(p).Balance; got != 10*usdc {
		t.Errorf("the balance is %s, want 10", got)
	}
}

func TestReconcilingExplainsEachDifferenceOnce(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	own := p.ownSender(t)
	p.deposit(t, 10*usdc)
	o := observe(t, b)
	o.knows(p)
	if got, err := o.Reconcile(t.Context()); err != nil || got.Channels != 1 || len(got.Differences) != 0 {
		t.Errorf("in agreement: %+v, %v", got, err)
	}
	p.deposit(t, 5*usdc)
	if err := errors.Join(o.charges(p, usdc), o.ledger.Burn(t.Context(), p.id, usdc)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ClaimAndSettle(t.Context(), b.seller, []escrow.Claim{p.claim(t, usdc, usdc)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.InitiateWithdraw(t.Context(), own, p.config, usdc); err != nil {
		t.Fatal(err)
	}
	got, err := o.Reconcile(t.Context())
	if err != nil || len(got.Differences) != 3 {
		t.Fatalf("found %+v, %v", got, err)
	}
	for i, want := range []watch.Difference{
		{What: "balance", Ledger: "10 USDC", Chain: "15 USDC", Because: "deposit"},
		{What: "claimed", Ledger: "0 USDC", Chain: "1 USDC", Because: "not booked"},
		{What: "withdrawal", Ledger: "none", Chain: "1 USDC after ", Because: "announced"},
	} {
		d := got.Differences[i]
		if d.Channel != p.id || d.What != want.What || d.Ledger != want.Ledger || !strings.HasPrefix(d.Chain, want.Chain) || !strings.Contains(d.Because, want.Because) {
			t.Errorf("difference %d is %+v", i, d)
		}
	}
	if again, err := o.Reconcile(t.Context()); err != nil || len(again.Differences) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	o.agrees(p)
	if len(o.alarms) != 1 {
		t.Errorf("%d alarms for the withdrawal", len(o.alarms))
	}
}

func TestTheWatcherRunsUntilItIsToldToStop(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	ticks := make(chan time.Time)
	pauses := make(chan time.Duration, 16)
	o := observe(t, b, watch.WithPoll(time.Second, 10*time.Second), watch.WithClock(time.Now, func(d time.Duration) <-chan time.Time {
		pauses <- d
		return ticks
	}))
	o.knows(p)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); o.Run(ctx) }()
	idle := <-pauses
	p.deposit(t, 5*usdc)
	ticks <- time.Now()
	if busy := <-pauses; busy >= idle {
		t.Errorf("the pause went from %s to %s when a block came", idle, busy)
	}
	o.agrees(p)
	stop()
	<-ended
}
