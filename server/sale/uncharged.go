package sale

import (
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
)

// Customer is who has proved that it may pay: the signer of a channel, the holder
// of a token of a grant, or who signs for the money of an account.
type Customer struct {
	// Channel is what pays, and Grant what it pays on; zero for a voucher.
	Channel vouchers.ChannelID
	Grant   macaroon.GrantID // zero for a voucher
	// Payer is whose money it is, where it is in no channel.
	Payer common.Address
}

// uncharged counts the calls of each customer that ran and ended without a charge, or may
// yet, of each tool. A call that is charged makes up for one.
type uncharged struct {
	limit int
	per   time.Duration
	now   func() time.Time

	mu  sync.Mutex // guards what follows
	all map[unchargedKey]tally
}

type unchargedKey struct {
	customer Customer
	tool     string
}

type tally struct {
	began  time.Time // of the first call that is counted
	calls  int
	flying int // calls that run, and may yet end without a charge
}

// maxTallies is how many are remembered before those are dropped whose time is over.
const maxTallies = 1 << 16

// tab is one call that runs. It ends with close.
type tab struct {
	of      *uncharged
	key     unchargedKey
	charged bool // it was, or is no call for nothing
	flying  bool // it is counted among those that run
}

// open lets a call run, or says why not.
func (u *uncharged) open(who Customer, tool string) (*tab, *TooMany) {
	key := unchargedKey{who, tool}
	u.mu.Lock()
	defer u.mu.Unlock()
	t, known := u.all[key]
	if t.calls+t.flying >= u.limit {
		left := t.began.Add(u.per).Sub(u.now())
		if left <= 0 {
			t.calls, left = 0, 0
		}
		if t.calls+t.flying >= u.limit {
			return nil, &TooMany{tool, t.calls, t.flying, u.per, max(left, time.Second).Round(time.Second)}
		}
	}
	if !known {
		u.forget(u.now())
	}
	t.flying++
	u.all[key] = t
	return &tab{of: u, key: key, flying: true}, nil
}

// TooMany is why a customer has to wait before it may run a tool again.
type TooMany struct {
	tool          string
	calls, flying int
	per           time.Duration
	// Wait is after how long it may.
	Wait time.Duration
}

// Error implements error, in words for who calls.
func (e *TooMany) Error() string {
	if e.flying > 0 {
		return fmt.Sprintf("%d calls of %s are running, and %d more have ended without a charge within %s than with one, which together is the most (unchargedCalls): call it again when some have ended", e.flying, e.tool, e.calls, e.per)
	}
	return fmt.Sprintf("%d more calls of %s have ended without a charge within %s than with one, by a failure or because they were cancelled, which is the most (unchargedCalls): call it again in %s", e.calls, e.tool, e.per, e.Wait)
}

// settle says that the call was charged.
func (t *tab) settle() {
	t.charged = true
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	if known := t.of.all[t.key]; known.calls > 0 {
		known.calls--
		t.of.all[t.key] = known
	}
}

// goOn says that the call is neither charged nor over.
func (t *tab) goOn() { t.charged = true }

// close ends the call, and counts it if it has cost nothing.
func (t *tab) close() {
	if t.charged && !t.flying {
		return
	}
	u := t.of
	u.mu.Lock()
	defer u.mu.Unlock()
	known := u.all[t.key]
	if t.flying {
		known.flying = max(known.flying-1, 0) // it may have been forgotten
	}
	if !t.charged {
		now := u.now()
		if known.calls == 0 || now.Sub(known.began) >= u.per {
			known.began, known.calls = now, 0
		}
		known.calls++
	}
	if known.calls == 0 && known.flying == 0 {
		delete(u.all, t.key)
		return
	}
	u.all[t.key] = known
}

// forget makes room for another tally. Called with u.mu held.
func (u *uncharged) forget(now time.Time) {
	if u.all == nil {
		u.all = make(map[unchargedKey]tally)
	}
	if len(u.all) < maxTallies {
		return
	}
	for key, t := range u.all {
		if t.flying == 0 && now.Sub(t.began) >= u.per {
			delete(u.all, key)
		}
	}
	for key := range u.all {
		if len(u.all) < maxTallies {
			return
		}
		delete(u.all, key)
	}
}

// opens lets a call run that somebody has proved to pay for, or says why not. A tool that
// charges however its calls end has no limit.
func (r *Register) opens(who Customer, tool string, o *offer.Offer) (*tab, *TooMany) {
	t, many := r.uncharged.open(who, tool)
	if many != nil && o.ChargeFailed && o.ChargeCancelled && !o.Metered {
		return &tab{of: r.uncharged, key: unchargedKey{who, tool}}, nil
	}
	if many != nil {
		r.Met("unchargedCalls")
	}
	return t, many
}
