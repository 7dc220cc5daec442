package profile

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/vouchers"
)

// Budget limits what the payer's client pays by itself. Amounts are as people write
// them, such as "0.05"; what is left out has the limits of the zero [agent.Policy].
type Budget struct {
	// PerCall is the most that one call may cost, Deposit the most that one deposit may
	// move.
	PerCall Text `yaml:"perCall,omitempty"`
	Deposit Text `yaml:"deposit,omitempty"`
	// TopUpPerDay is the most that all top-ups of a day (UTC) move, in all channels.
	TopUpPerDay Text `yaml:"topUpPerDay,omitempty"`
	// WithdrawDelay is how long a channel may keep money after a withdrawal is announced,
	// such as 72h.
	WithdrawDelay Text `yaml:"withdrawDelay,omitempty"`
	// PerServer, PerDay (UTC) and Total bound what all calls together cost.
	PerServer Text `yaml:"perServer,omitempty"`
	PerDay    Text `yaml:"perDay,omitempty"`
	Total     Text `yaml:"total,omitempty"`
	// AskAbove is the price of a call above which somebody must agree.
	AskAbove Text `yaml:"askAbove,omitempty"`
	// Tools are limits of some tools, by patterns of their names.
	Tools []ToolBudget `yaml:"tools,omitempty"`
	// The patterns of servers' URLs and of tools that may be paid, and that may not.
	AllowServers []string `yaml:"allowServers,omitempty"`
	DenyServers  []string `yaml:"denyServers,omitempty"`
	AllowTools   []string `yaml:"allowTools,omitempty"`
	DenyTools    []string `yaml:"denyTools,omitempty"`
}

// ToolBudget limits the tools whose names match a pattern, such as "search*".
type ToolBudget struct {
	Match   string `yaml:"match"`
	PerCall Text   `yaml:"perCall,omitempty"`
	PerDay  Text   `yaml:"perDay,omitempty"`
	Total   Text   `yaml:"total,omitempty"`
}

// TopUp makes the payer's client deposit by itself: Amount, or more where a call takes
// more, when less than Below would be left after a call.
type TopUp struct {
	Below  Text `yaml:"below,omitempty"`
	Amount Text `yaml:"amount,omitempty"`
}

// written is an amount of a profile with its place in it.
type written struct {
	place string
	text  Text
	into  *vouchers.Amount
}

// read parses amounts. One that is written as 0 is refused: it would be no limit.
func read(all ...written) error {
	for _, w := range all {
		if w.text == "" {
			continue
		}
		amount, err := vouchers.ParseAmount(string(w.text))
		if err != nil {
			return fmt.Errorf("%s: %w", w.place, err)
		}
		if amount == 0 {
			return fmt.Errorf("%s: %w: 0 would be no limit; leave it out, or deny the tools", w.place, vouchers.ErrAmount)
		}
		*w.into = amount
	}
	return nil
}

// PayerPolicy is the profile's budget.
func (p *Profile) PayerPolicy() (agent.Policy, error) {
	b := p.Budget
	policy := agent.Policy{AllowServers: b.AllowServers, DenyServers: b.DenyServers, AllowTools: b.AllowTools, DenyTools: b.DenyTools}
	err := read(
		written{"budget.perCall", b.PerCall, &policy.MaxPrice},
		written{"budget.deposit", b.Deposit, &policy.MaxDeposit},
		written{"budget.topUpPerDay", b.TopUpPerDay, &policy.TopUpPerDay},
		written{"budget.perServer", b.PerServer, &policy.PerServer},
		written{"budget.perDay", b.PerDay, &policy.PerDay},
		written{"budget.total", b.Total, &policy.Total},
		written{"budget.askAbove", b.AskAbove, &policy.AskAbove},
	)
	if err != nil {
		return policy, err
	}
	if b.WithdrawDelay != "" {
		if policy.MaxWithdrawDelay, err = time.ParseDuration(string(b.WithdrawDelay)); err != nil || policy.MaxWithdrawDelay <= 0 {
			return policy, fmt.Errorf("budget.withdrawDelay: %q is not a time such as 72h", b.WithdrawDelay)
		}
	}
	for i, tool := range b.Tools {
		place := fmt.Sprintf("budget.tools[%d]", i)
		limit := agent.ToolLimit{Pattern: tool.Match}
		if tool.Match == "" {
			return policy, fmt.Errorf("%s.match is missing: a tool's name, or a pattern such as \"search*\"", place)
		}
		err := read(
			written{place + ".perCall", tool.PerCall, &limit.MaxPrice},
			written{place + ".perDay", tool.PerDay, &limit.PerDay},
			written{place + ".total", tool.Total, &limit.Total},
		)
		if err != nil {
			return policy, err
		}
		policy.Tools = append(policy.Tools, limit)
	}
	return policy, nil
}

// PayerTopUp is when the payer's client deposits by itself.
func (p *Profile) PayerTopUp() (agent.TopUp, error) {
	var t agent.TopUp
	err := read(written{"topUp.below", p.TopUp.Below, &t.Below}, written{"topUp.amount", p.TopUp.Amount, &t.Amount})
	if err == nil && t.Below > 0 && t.Amount == 0 {
		err = fmt.Errorf("topUp.amount is missing: how much one deposit moves")
	}
	return t, err
}

// PayerLimits are the limits of the payer's client.
func (p *Profile) PayerLimits() (all agent.Limits, err error) {
	for _, name := range slices.Sorted(maps.Keys(p.ClientLimits)) {
		if err := all.Set(name, string(p.ClientLimits[name])); err != nil {
			return all, fmt.Errorf("clientLimits.%s: %w", name, err)
		}
	}
	return all, nil
}
