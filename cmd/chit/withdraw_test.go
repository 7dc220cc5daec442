package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAWithdrawalLeavesWhatIsTooLittleAndIsAnnouncedAnewWhereThatIsAskedFor(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "2", url)
	if got := h.run(t, "withdraw", "start", "--least", "3"); got.code != 1 || !strings.Contains(got.stderr, "1 channels with less than 3 USDC are left out; --least 0 takes them too") {
		t.Errorf("of more than there is: %+v", got)
	}
	if got := h.run(t, "withdraw", "start", "--least", "much"); got.code == 0 || !strings.Contains(got.stderr, "--least") {
		t.Errorf("of no amount: %+v", got)
	}
	if out := h.ok(t, "withdraw", "start", "--yes", "--least", "0"); !strings.Contains(out, "announced 2 USDC") {
		t.Errorf("it prints\n%s", out)
	}
	h.ok(t, "deposit", "1", url)
	if got := h.run(t, "withdraw", "start", "--yes"); got.code != 1 || !strings.Contains(got.stderr, "nothing to withdraw") {
		t.Errorf("where one is pending: %+v", got)
	}
	if out := h.ok(t, "withdraw", "start", "--yes", "--anew"); !strings.Contains(out, "announced 3 USDC") {
		t.Errorf("anew it prints\n%s", out)
	}
	if got := h.run(t, "withdraw", "start", "--yes", "--anew"); got.code != 1 || !strings.Contains(got.stderr, "nothing to withdraw") {
		t.Errorf("anew of the same: %+v", got)
	}
}

// opensChannel deposits into a channel at a shop of its own, and returns the flag that
// names the shop.
func (h home) opensChannel(t testing.TB, amount string) string {
	t.Helper()
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", amount, url)
	return url
}

func TestAWithdrawalThatIsWorthLessThanItsGasIsRefusedUnlessItIsWantedAnyway(t *testing.T) {
	h := newHome(t)
	h.opensChannel(t, "2")
	h.editProfile(t, func(text string) string { return text + "coinPrice: \"1000000\"\n" })
	for _, more := range [][]string{nil, {"--least", "0"}} { // that the sum is small is not that the gas is dear
		got := h.run(t, append([]string{"withdraw", "start", "--yes"}, more...)...)
		if got.code != 1 || !strings.Contains(got.stderr, "which the gas costs, are left out; --anyway takes them too") {
			t.Errorf("at a loss, with %v: %+v", more, got)
		}
	}
	got := h.run(t, "withdraw", "start", "--yes", "--anyway")
	if got.code != 0 || !strings.Contains(got.stdout, "announced 2 USDC") || !strings.Contains(got.stderr, "of gas, and no transaction more than 0.02 ETH") {
		t.Errorf("at a loss that is wanted: %+v", got)
	}
}

func TestAWithdrawalCostsNoMoreThanItMayWhateverTheChainAsks(t *testing.T) {
	h := newHome(t)
	h.opensChannel(t, "2")
	h.rpc(t, nil, "anvil_setNextBlockBaseFeePerGas", "0xe8d4a51000") // 1,000 gwei
	h.rpc(t, nil, "anvil_mine", 1)
	dear := h.run(t, "withdraw", "start", "--yes")
	for _, want := range []string{"costs more than it may", "the most is 0.02", "--max-cost sets another limit"} {
		if dear.code != 1 || !strings.Contains(dear.stderr, want) {
			t.Errorf("it does not say %q: %+v", want, dear)
		}
	}
	if out := h.ok(t, "withdraw", "status"); !strings.Contains(out, "no withdrawal was started") {
		t.Errorf("status prints\n%s", out)
	}
	if usage := h.run(t, "withdraw", "start", "--yes", "--max-cost", "much"); usage.code != 2 || !strings.Contains(usage.stderr, "--max-cost") {
		t.Errorf("no amount: %+v", usage)
	}
	if out := h.ok(t, "withdraw", "start", "--yes", "--max-cost", "0.5"); !strings.Contains(out, "announced 2 USDC") {
		t.Errorf("with a higher limit it prints\n%s", out)
	}
}

func TestAFinishedWithdrawalNamesWhatThePayerDidNotGet(t *testing.T) {
	h := newHome(t)
	url := h.opensChannel(t, "2")
	h.ok(t, "call", "identicon", "text=a", url, "--output", filepath.Join(t.TempDir(), "a.png"))
	if out := h.ok(t, "withdraw", "start", "--yes"); !strings.Contains(out, "announced 2 USDC") {
		t.Errorf("it prints\n%s", out)
	}
	h.ok(t, "settle", "--wait", "1", "--anyway")
	h.rpc(t, nil, "evm_increaseTime", 3600)
	h.rpc(t, nil, "anvil_mine", 1)
	out := h.ok(t, "withdraw", "finish", "--yes")
	if !strings.Contains(out, "withdrew 1.995 USDC of channel") || !strings.Contains(out, "0.005 USDC more were announced, claims or refunds took them before") {
		t.Errorf("it prints\n%s", out)
	}
	if out := words(h.ok(t, "balance")); !strings.Contains(out, "999.995 USDC") {
		t.Errorf("the balance is\n%s", out)
	}
}
