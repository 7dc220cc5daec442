package agent_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/shoptest"
)

func TestACallOnATokenThatNobodyAnsweredCountsInFull(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	secret := token(t, shop.URL, credit.Scope{Budget: 10 * price})
	budget, err := agent.OpenTokenBudget(t.Context(), shop.URL, secret, agent.Policy{Total: 2*price - 1}, "")
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("no answer")
	if err := budget.Call(t.Context(), "work", price, func(context.Context) (agent.TokenAnswer, error) { return agent.TokenAnswer{}, lost }); !errors.Is(err, lost) {
		t.Errorf("the lost call gave %v", err)
	}
	err = budget.Call(t.Context(), "work", price, func(context.Context) (agent.TokenAnswer, error) {
		t.Error("a call beyond the budget was made")
		return agent.TokenAnswer{}, nil
	})
	var refused *agent.PolicyError
	if !errors.As(err, &refused) || refused.Remaining != price-1 {
		t.Errorf("the call after it gave %v", err)
	}
	if err := budget.Close(); err != nil {
		t.Error(err)
	}
}
