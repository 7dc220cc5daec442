package profile

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
)

// load reads a profile that has the given lines beside what every one needs.
func load(t testing.TB, lines string) (*Profile, error) {
	t.Helper()
	home, err := OpenHome(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const needed = "rpc: http://127.0.0.1:1\nchainId: 31337\nwithdrawDelay: 900\n" +
		"escrow: \"0x7c32f5E6551a589BF8D96228de0F0ae312737474\"\ntoken: \"0x4716e8B54Ce3435323557446a2CEaEf816816590\"\n"
	if err := os.WriteFile(filepath.Join(string(home), "profiles", "test.yaml"), []byte(needed+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return home.Load("test")
}

func TestABudgetIsReadFromTheProfile(t *testing.T) {
	p, err := load(t, `
budget:
  perCall: 0.05
  deposit: 20 USDC
  topUpPerDay: 40
  withdrawDelay: 72h
  perServer: "10"
  perDay: 5
  total: 50
  askAbove: 0.01
  allowServers: ["https://*.example/*"]
  denyTools: [delete*]
  tools:
    - {match: search*, perCall: 0.002, perDay: 1, total: 3}
topUp: {below: 1, amount: 5}
clientLimits: {answer: 1000000, pages: 7, hold: 20m}
`)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := p.PayerPolicy()
	want := agent.Policy{
		MaxPrice: 50_000, MaxDeposit: 20_000_000, TopUpPerDay: 40_000_000, MaxWithdrawDelay: 72 * time.Hour, PerServer: 10_000_000, PerDay: 5_000_000, Total: 50_000_000, AskAbove: 10_000,
		AllowServers: []string{"https://*.example/*"}, DenyTools: []string{"delete*"},
		Tools: []agent.ToolLimit{{Pattern: "search*", MaxPrice: 2_000, PerDay: 1_000_000, Total: 3_000_000}},
	}
	if err != nil || !reflect.DeepEqual(policy, want) {
		t.Errorf("the policy is %+v, %v", policy, err)
	}
	if limits, err := p.PayerLimits(); err != nil || limits != (agent.Limits{Answer: 1_000_000, Pages: 7, Hold: 20 * time.Minute}) {
		t.Errorf("the limits are %+v, %v", limits, err)
	}
	if topUp, err := p.PayerTopUp(); err != nil || topUp != (agent.TopUp{Below: 1_000_000, Amount: 5_000_000}) {
		t.Errorf("the top-up is %+v, %v", topUp, err)
	}
	if key, err := p.SessionKey(t.Context(), nil); key != nil || err != nil {
		t.Errorf("without a session there is %v, %v", key, err)
	}
}

func TestABudgetThatCannotBeMeantIsRefused(t *testing.T) {
	for lines, says := range map[string]string{
		"budget: {perDay: 0}":                      "budget.perDay",
		"budget: {total: much}":                    "budget.total",
		"budget: {perCall: 0.0000001}":             "budget.perCall",
		"budget: {tools: [{perDay: 1}]}":           "budget.tools[0].match",
		"budget: {tools: [{match: a, total: -1}]}": "budget.tools[0].total",
		"budget: {withdrawDelay: -1h}":             "budget.withdrawDelay",
		"budget: {withdrawDelay: long}":            "budget.withdrawDelay",
		"budget: {perWeek: 1}":                     "perWeek",
		"receiptSigners: [nobody]":                 "receiptSigners[0]",
		"topUp: {below: 1}":                        "topUp.amount",
		"topUp: {amount: 0}":                       "topUp.amount",
		"clientLimits: {hold: 0s}":                 "hold",
		"clientLimits: {answer: much}":             "answer",
		"clientLimits: {page: 1}":                  "known are answer",
	} {
		if p, err := load(t, lines+"\n"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", lines, p, err)
		}
	}
}

func TestASessionKeyIsMadeOnceAndOpenedAfterThat(t *testing.T) {
	p, err := load(t, "payer: dev:1\nsession: auto\n")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(string) (string, error) { return "secret", nil }
	first, err := p.SessionKey(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	payer, err := p.PayerAddress()
	if err != nil || first.Address() == payer {
		t.Errorf("the session has the payer's key %s, %v", payer, err)
	}
	if again, err := p.SessionKey(t.Context(), ask); err != nil || again.Address() != first.Address() {
		t.Errorf("the second time it is %v, %v", again, err)
	}
	if _, err := p.SessionKey(t.Context(), func(string) (string, error) { return "wrong", nil }); err == nil {
		t.Error("a wrong passphrase opens it")
	}
}
