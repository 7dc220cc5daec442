package agent_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	dialling "github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestACallOnATokenThatNobodyAnsweredCountsInFull(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	secret := granted(t, shop.URL, macaroon.Scope{Budget: 10 * price})
	budget, err := holder.OpenBudget(t.Context(), shop.URL, secret, agent.Policy{Total: 2*price - 1}, "")
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("no answer")
	if err := budget.Call(t.Context(), "work", price, func(context.Context) (holder.Answer, error) { return holder.Answer{}, lost }); !errors.Is(err, lost) {
		t.Errorf("the lost call gave %v", err)
	}
	err = budget.Call(t.Context(), "work", price, func(context.Context) (holder.Answer, error) {
		t.Error("a call beyond the budget was made")
		return holder.Answer{}, nil
	})
	var refused *agent.PolicyError
	if !errors.As(err, &refused) || refused.Remaining != price-1 {
		t.Errorf("the call after it gave %v", err)
	}
	if err := budget.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoMoreCountsForACallThanItsTokenPays(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	secret := granted(t, shop.URL, macaroon.Scope{Budget: 10 * price, PerCall: 5 * price})
	for name, test := range map[string]struct {
		policy agent.Policy
		most   vouchers.Amount
	}{
		"narrowed by the budget":  {agent.Policy{PerDay: 100 * price}, price},
		"no budget":               {agent.Policy{}, 5 * price},
		"narrower than the price": {agent.Policy{PerDay: 100 * price, AllowTools: []string{"dear"}}, 5 * price},
	} {
		path := filepath.Join(t.TempDir(), "agent.db")
		budget, err := holder.OpenBudget(t.Context(), shop.URL, secret, test.policy, path)
		if err != nil {
			t.Fatal(err)
		}
		announced, tool := price, "work"
		if test.policy.AllowTools != nil {
			announced, tool = 7*price, "dear"
		}
		err = budget.Call(t.Context(), tool, announced, func(context.Context) (holder.Answer, error) {
			return holder.Answer{Charged: agent.Unlimited}, nil
		})
		if !errors.Is(err, agent.ErrDishonest) {
			t.Errorf("%s: %v", name, err)
		}
		if err := budget.Close(); err != nil {
			t.Error(err)
		}
		kept, err := book.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if spent, _, err := treasury.ReadBudget(kept, agent.Policy{}, shop.URL, time.Now()); err != nil || spent.Total != test.most {
			t.Errorf("%s: %s were spent, %v", name, spent.Total, err)
		}
	}
}

func TestATokenIsNotShownForACallThatMayNotBePaid(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	secret := granted(t, shop.URL, macaroon.Scope{Budget: 10 * price})
	for name, forbids := range map[string]agent.Policy{
		"the tool": {DenyTools: []string{"work"}}, "this server": {DenyServers: []string{"*"}}, "all other tools": {AllowTools: []string{"hash"}, Total: price},
	} {
		budget, err := holder.OpenBudget(t.Context(), shop.URL, secret, forbids, "")
		if err != nil {
			t.Fatal(err)
		}
		made := 0
		answering := func(a holder.Answer) error {
			return budget.Call(t.Context(), "work", 0, func(ctx context.Context) (holder.Answer, error) {
				made++
				if shown := dialling.Bearer(secret)(ctx); len(shown) > 0 {
					t.Errorf("%s: the token is shown", name)
				}
				return a, nil
			})
		}
		var refused *agent.PolicyError
		if err := answering(holder.Answer{Unpaid: price}); !errors.As(err, &refused) || refused.Required != price {
			t.Errorf("%s: a call that costs something gave %v", name, err)
		}
		if err := answering(holder.Answer{}); err != nil {
			t.Errorf("%s: a free call gave %v", name, err)
		}
		if err := answering(holder.Answer{Charged: 1}); !errors.Is(err, agent.ErrDishonest) {
			t.Errorf("%s: a call that was charged gave %v", name, err)
		}
		if made != 3 {
			t.Errorf("%s: %d calls were made of 3", name, made)
		}
		if err := budget.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestATokenWithoutRoomForTheBudgetIsNotShown(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	full, err := macaroon.Parse(granted(t, shop.URL, macaroon.Scope{Budget: 10 * price}))
	for err == nil && len(full.Caveats()) < macaroon.MaxCaveats {
		full, err = full.Attenuate(macaroon.Scope{Calls: 10})
	}
	if err != nil {
		t.Fatal(err)
	}
	budget, err := holder.OpenBudget(t.Context(), shop.URL, full.Text(), agent.Policy{Total: price}, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err = budget.Call(t.Context(), "work", price, func(context.Context) (holder.Answer, error) {
			t.Error("a token was shown that pays more than the budget has")
			return holder.Answer{}, nil
		})
		if !errors.Is(err, macaroon.ErrToken) || strings.Contains(err.Error(), macaroon.Prefix+"A") {
			t.Errorf("the call gave %v", err)
		}
	}
	if err := budget.Close(); err != nil {
		t.Error(err)
	}
}
