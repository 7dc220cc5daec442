package main_test

import (
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
