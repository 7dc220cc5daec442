package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

// moneys are the settings of a profile that hold USDC, with lines that say one is %s, and how
// the profile has it then.
var moneys = map[string]struct {
	lines string
	read  func(*Profile) (vouchers.Amount, error)
}{
	"budget.perCall":          {"budget:\n  perCall: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.MaxPrice })},
	"budget.deposit":          {"budget:\n  deposit: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.MaxDeposit })},
	"budget.topUpPerDay":      {"budget:\n  topUpPerDay: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.TopUpPerDay })},
	"budget.perServer":        {"budget:\n  perServer: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.PerServer })},
	"budget.perDay":           {"budget:\n  perDay: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.PerDay })},
	"budget.total":            {"budget:\n  total: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.Total })},
	"budget.askAbove":         {"budget:\n  askAbove: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.AskAbove })},
	"budget.tools[1].perCall": {"budget:\n  tools: \n  - match: a\n  - perCall: %s\n    match: b", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.Tools[1].MaxPrice })},
	"budget.tools[0].perDay":  {"budget:\n  tools:\n  - match: a\n    perDay: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.Tools[0].PerDay })},
	"budget.tools[0].total":   {"budget:\n  tools:\n  - match: a\n    total: %s", ofPolicy(func(p agent.Policy) vouchers.Amount { return p.Tools[0].Total })},
	"topUp.below":             {"topUp:\n  amount: 1\n  below: %s", ofTopUp(func(t agent.TopUp) vouchers.Amount { return t.Below })},
	"topUp.amount":            {"topUp:\n  amount: %s", ofTopUp(func(t agent.TopUp) vouchers.Amount { return t.Amount })},
	"minDeposit":              {"minDeposit: %s", func(p *Profile) (vouchers.Amount, error) { return p.MinDepositAmount() }},
	"coinPrice":               {"coinPrice: %s", ofSettle(func(s settle.Policy) vouchers.Amount { return s.CoinPrice })},
	"settle.channelValue":     {"settle:\n  channelValue: %s", ofSettle(func(s settle.Policy) vouchers.Amount { return s.ChannelValue })},
	"settle.totalValue":       {"settle:\n  totalValue: %s", ofSettle(func(s settle.Policy) vouchers.Amount { return s.TotalValue })},
	"settle.maxKeptBack":      {"settle:\n  maxKeptBack: %s", ofSettle(func(s settle.Policy) vouchers.Amount { return s.MaxKeptBack })},
	"also[0].minDeposit":      {"also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  minDeposit: %s", ofAlso(func(a server.Accepts) vouchers.Amount { return a.MinDeposit })},
	"also[0].coinPrice":       {"also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  coinPrice: %s", ofAlso(func(a server.Accepts) vouchers.Amount { return a.CoinPrice })},
	"limits.leastDeposit":     {"limits:\n  leastDeposit: %s", ofLimits(func(l server.Limits) vouchers.Amount { return l.LeastDeposit })},
	"limits.leastRefund":      {"limits:\n  leastRefund: %s", ofLimits(func(l server.Limits) vouchers.Amount { return l.LeastRefund })},
}

func ofPolicy(field func(agent.Policy) vouchers.Amount) func(*Profile) (vouchers.Amount, error) {
	return func(p *Profile) (vouchers.Amount, error) {
		policy, err := p.PayerPolicy()
		return field(policy), err
	}
}

func ofTopUp(field func(agent.TopUp) vouchers.Amount) func(*Profile) (vouchers.Amount, error) {
	return func(p *Profile) (vouchers.Amount, error) {
		topUp, err := p.PayerTopUp()
		return field(topUp), err
	}
}

func ofSettle(field func(settle.Policy) vouchers.Amount) func(*Profile) (vouchers.Amount, error) {
	return func(p *Profile) (vouchers.Amount, error) {
		policy, err := p.SettlePolicy()
		return field(policy), err
	}
}

func ofAlso(field func(server.Accepts) vouchers.Amount) func(*Profile) (vouchers.Amount, error) {
	return func(p *Profile) (vouchers.Amount, error) {
		all, err := p.AlsoAccepts()
		return field(all[0]), err
	}
}

func ofLimits(field func(server.Limits) vouchers.Amount) func(*Profile) (vouchers.Amount, error) {
	return func(p *Profile) (vouchers.Amount, error) {
		limits, err := p.ShopLimits()
		return field(limits), err
	}
}

// padded is an amount in quotes alone: without them YAML takes it for 8.
const padded = "010"

// amountsInYAML are amounts as a file may have them, with and without quotes; 0 is refused.
var amountsInYAML = map[string]vouchers.Amount{
	"0.000001": 1, padded: 10_000_000, "20": 20_000_000, "20.10": 20_100_000, "5 USDC": 5_000_000, "0.0010": 1_000, "1.0": 1_000_000,
	"18446744073709.551615": 1<<64 - 1,
	"18446744073709.551616": 0, "100000000000000000000000000000000": 0, "1e3": 0, "1e400": 0, "1.5e-3": 0,
	"0x10": 0, "0o10": 0, "0b1": 0, "1_000": 0, "1,000": 0, "0.0000001": 0, "-1": 0, "-0.001": 0, "+1": 0, ".5": 0, "5.": 0,
	".nan": 0, "NaN": 0, ".inf": 0, "-.inf": 0, "true": 0, "null": 0, "~": 0, "": 0, " ": 0, "much": 0, "2020-01-01": 0,
}

func TestEveryAmountOfAProfileIsReadByOneGrammar(t *testing.T) {
	for name, setting := range moneys {
		for text, want := range amountsInYAML {
			for _, written := range []string{text, `"` + text + `"`, "'" + text + "'"} {
				p, err := load(t, fmt.Sprintf(setting.lines, written)+"\n")
				if want == 0 || written == padded {
					if err == nil || !strings.Contains(err.Error(), name) {
						t.Errorf("%s: %s is taken, or its error does not name it: %v", name, written, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %s: %v", name, written, err)
					continue
				}
				if got, err := setting.read(p); err != nil || got != want {
					t.Errorf("%s: %s is %s, %v, want %s", name, written, got, err, want)
				}
			}
		}
	}
}

func TestAnAmountBehindAnAnchorATagOrInABlockIsTheSame(t *testing.T) {
	for text, want := range map[string]vouchers.Amount{"&it 010": 0, "&it 10": 10_000_000, "&it '010'": 10_000_000, "!!str 0.000001": 1, "|\n    0.5": 500_000, "&it 0x10": 0, "|\n    1e3": 0, "[1]": 0, "{usdc: 1}": 0} {
		p, err := load(t, "budget:\n  total: "+text+"\n")
		if want == 0 {
			if err == nil || !strings.Contains(err.Error(), "budget.total") {
				t.Errorf("%s is taken, or its error does not name it: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if policy, err := p.PayerPolicy(); err != nil || policy.Total != want {
			t.Errorf("%s is %s, %v, want %s", text, policy.Total, err, want)
		}
	}
}
