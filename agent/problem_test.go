package agent_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/x402"
)

func TestARefusalHasAmountsOnlyWhereTheyAreTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		refusal any
		want    string // the members that tell amounts
	}{
		"a budget":                {explained(t, &agent.PolicyError{Code: agent.CodeBudgetExhausted, Required: 2000}), "required remaining"},
		"a server that is none":   {explained(t, &agent.PolicyError{Code: agent.CodeServerNotAllowed, Required: 2000}), "required"},
		"a server that lies":      {explained(t, agent.ErrDishonest), ""},
		"what a server refuses":   {explained(t, &agent.RefusedError{Code: x402.ErrChannelBusy, Price: 2000}), "required"},
		"a token's budget":        {&holder.Refusal{Code: credit.CodeBudgetExhausted, Required: 2000}, "required remaining"},
		"a token for other tools": {&holder.Refusal{Code: credit.CodeToolNotAllowed}, ""},
	} {
		raw, err := json.Marshal(c.refusal)
		if err != nil {
			t.Fatal(err)
		}
		var has []string
		for _, member := range []string{"required", "remaining"} {
			if strings.Contains(string(raw), `"`+member+`":`) {
				has = append(has, member)
			}
		}
		if got := strings.Join(has, " "); got != c.want {
			t.Errorf("%s has %q, want %q: %s", name, got, c.want, raw)
		}
	}
}

func explained(t *testing.T, err error) agent.Problem {
	t.Helper()
	problem, known := agent.Explain(err)
	if !known {
		t.Fatalf("%v is not explained", err)
	}
	return problem
}
