package profile

import (
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers"
)

func TestAnAmountIsReadAsItIsWritten(t *testing.T) {
	for text, want := range map[string]vouchers.Amount{
		"0.000001": 1, "010": 10_000_000, "20.10": 20_100_000, `"0.5"`: 500_000, "5 USDC": 5_000_000, "0.05 # five cents": 50_000,
	} {
		p, err := load(t, "budget: \n  total: "+text+"\nminDeposit: "+text+"\n")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		policy, err := p.PayerPolicy()
		least, leastErr := p.MinDepositAmount()
		if err != nil || leastErr != nil || policy.Total != want || least != want {
			t.Errorf("%s is %s and %s, %v, %v", text, policy.Total, least, err, leastErr)
		}
	}
	for _, text := range []string{"0x10", "1e3", "+1", ".5", "1_000", "0b1", "0o10"} {
		if p, err := load(t, "budget: {total: "+text+"}\n"); err == nil || !strings.Contains(err.Error(), "budget.total") {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
}

func TestABlankLimitIsAnError(t *testing.T) {
	for lines, says := range map[string]string{
		"budget:\n  perDay:\n":                       "budget.perDay",
		"budget: {perDay: ~}\n":                      "budget.perDay",
		"budget: {perDay: \"\"}\n":                   "blank",
		"budget:\n":                                  "budget",
		"budget:\n  tools: [{match: a, perDay: }]\n": "perDay",
		"topUp: {amount: }\n":                        "topUp.amount",
		"minDeposit:\n":                              "minDeposit",
		"settle: {totalValue: }\n":                   "settle.totalValue",
		"limits: {lookups: }\n":                      "limits.lookups",
		"budget:\n  total: |\n":                      "budget.total",
		"server: &it ~\nbudget: {total: *it}\n":      "&it",
		"server: &it ''\nbudget: *it\n":              "&it",
	} {
		if p, err := load(t, lines); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "blank") {
			t.Errorf("%q: %+v, %v", lines, p, err)
		}
	}
}

func TestASecondDocumentOfAProfileIsNotPassedOver(t *testing.T) {
	if p, err := load(t, "---\nbudget: {total: 1}\n"); err == nil || !strings.Contains(err.Error(), "2 YAML documents") {
		t.Errorf("read %+v, %v", p, err)
	}
}
