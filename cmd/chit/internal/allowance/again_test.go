package allowance_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
)

// bendable is a shop whose answers are changed as is stored.
func bendable(t testing.TB) (url string, bend *atomic.Pointer[func([]byte) []byte]) {
	bend = new(atomic.Pointer[func([]byte) []byte])
	bend.Store(&asItIs)
	return bent(t, func(raw []byte) []byte { return (*bend.Load())(raw) }), bend
}

// handsOut charges for each grant, and answers with one that was given before.
func handsOut(given token.Granted) *func([]byte) []byte {
	change := func(raw []byte) []byte {
		raw = grantID.ReplaceAll(raw, fmt.Appendf(nil, `"id":"%s"`, given.Grant.ID))
		return tokenText.ReplaceAll(raw, []byte(given.Token))
	}
	return &change
}

// nextSecond waits until an order has another deadline.
func nextSecond() {
	now := time.Now()
	time.Sleep(now.Truncate(time.Second).Add(time.Second).Sub(now))
}

func TestAGrantThatWasGivenForAnotherOrderIsNotTaken(t *testing.T) {
	const budget = vouchers.Amount(10_000)
	for name, asks := range map[string]func(t testing.TB, url string, o agent.Options, first *agent.Client) (*agent.Client, allowance.Owner){
		"by the same process": nil,
		"by another process": func(t testing.TB, url string, o agent.Options, _ *agent.Client) (*agent.Client, allowance.Owner) {
			return comes(t, url, o)
		},
		"by a later process": func(t testing.TB, url string, o agent.Options, first *agent.Client) (*agent.Client, allowance.Owner) {
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			return comes(t, url, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, bend := bendable(t)
			o := payer(t)
			client, owner := deposits(t, url, o)
			scope := macaroon.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}
			given, err := owner.Grant(t.Context(), scope, "swarm")
			if err != nil {
				t.Fatal(err)
			}
			if channel := owner.Channel; asks != nil {
				client, owner = asks(t, url, o, client)
				owner.Channel = channel
			}
			bend.Store(handsOut(given))
			nextSecond()
			again, err := owner.Grant(t.Context(), scope, "swarm")
			if !errors.Is(err, allowance.ErrGrant) || !errors.Is(err, book.ErrGrantGiven) || again.Token != "" {
				t.Fatalf("granted %+v, %v", again.Grant, err)
			}
			for _, said := range []string{"grant " + given.Grant.ID.String(), budget.String() + " were paid", "pay this server no more"} {
				if !strings.Contains(err.Error(), said) {
					t.Errorf("the error does not say %q: %v", said, err)
				}
			}
			if spent, err := client.Spent(); err != nil || spent.Total+spent.AtRisk != 2*budget {
				t.Errorf("spent %+v, %v", spent, err)
			}
			bend.Store(&asItIs)
			if honest, err := owner.Grant(t.Context(), scope, "other"); err != nil || honest.Grant.ID == given.Grant.ID {
				t.Errorf("granted %+v, %v", honest.Grant, err)
			}
		})
	}
}

func TestTheSameOrderGetsItsGrantAgainAndPaysForItOnce(t *testing.T) {
	const budget = vouchers.Amount(10_000)
	url, _ := bendable(t)
	scope := macaroon.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}
	for range 20 { // within a second an order is the same
		client, owner := owns(t, url)
		nextSecond()
		began := time.Now().Unix()
		given, err := owner.Grant(t.Context(), scope, "swarm")
		if err != nil {
			t.Fatal(err)
		}
		again, err := owner.Grant(t.Context(), scope, "swarm")
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().Unix() != began {
			continue
		}
		if again.Token != given.Token {
			t.Error("the same order got another token")
		}
		if spent, err := client.Spent(); err != nil || spent.Total != budget {
			t.Errorf("spent %+v, %v", spent, err)
		}
		return
	}
	t.Fatal("two orders took longer than a second")
}

func TestAGrantThatCannotBeRememberedIsGivenAllTheSame(t *testing.T) {
	url, bend := bendable(t)
	o := payer(t)
	_, owner := deposits(t, url, o)
	spoils := func(raw []byte) []byte {
		if info, err := os.Stat(o.Book); err == nil && tokenText.Match(raw) {
			err = os.WriteFile(o.Book, make([]byte, info.Size()), 0o600)
			if err != nil {
				t.Error(err)
			}
		}
		return raw
	}
	bend.Store(&spoils)
	scope := macaroon.Scope{Budget: 10_000, Expires: time.Now().Add(time.Hour)}
	granted, err := owner.Grant(t.Context(), scope, "")
	if !errors.Is(err, book.ErrUnwritten) || granted.Token == "" {
		t.Errorf("granted %+v, %v", granted.Grant, err)
	}
	granted, err = owner.Grant(t.Context(), scope, "next")
	if err == nil || granted.Token != "" || !strings.Contains(err.Error(), "nothing was paid") {
		t.Errorf("with a book that cannot be read: granted %+v, %v", granted.Grant, err)
	}
}
