package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
)

// editProfile reads and changes the only profile of a home.
func (h home) editProfile(t testing.TB, edit func(string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.dir, "profiles", "*.yaml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("profiles %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], []byte(edit(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rpc calls the chain of the home's profile.
func (h home) rpc(t testing.TB, answer any, method string, args ...any) {
	t.Helper()
	var url string
	h.editProfile(t, func(text string) string {
		_, rest, _ := strings.Cut(text, "rpc: ")
		url, _, _ = strings.Cut(rest, "\n")
		return text
	})
	client, err := rpc.DialContext(t.Context(), strings.Trim(url, `"`))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.CallContext(t.Context(), answer, method, args...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

func TestTheSellersDeskWorksWithAndWithoutAServer(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	h.editProfile(t, func(text string) string {
		return text + "coinPrice: \"3000\"\nsettle:\n  channelValue: \"5\"\n  maxAge: 24h\n  idleAfter: 1ns\n  maxCostShare: 5\n"
	})
	h.saysThatNothingIsSold(t)
	if o := h.run(t, "call", ""); o.code != 2 || !strings.Contains(o.stderr, "`chit tools` lists") {
		t.Errorf("a call without a name: %+v", o)
	}
	address := freeAddress(t)
	serve := h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "20", url)
	h.ok(t, "call", "identicon", "text=a", url, "--output", filepath.Join(t.TempDir(), "a.png"))

	h.settlesWhatIsWorthItsGas(t)
	if out := h.ok(t, "reconcile"); out != "1 channels compared, 0 differences\n" {
		t.Errorf("reconcile prints %q", out)
	}
	if out := h.ok(t, "limits"); out != "no limit was met since the server was started\n" {
		t.Errorf("the limits are\n%s", out)
	}
	if all := decode[[]struct{ Limit, Value string }](t, h.ok(t, "limits", "--all", "--json")); len(all) < 20 || !strings.Contains(fmt.Sprint(all), "{lookups 20}") {
		t.Errorf("all limits are %v", all)
	}
	h.seesAWithdrawal(t)
	if code := serve.interrupt(t); code != 0 {
		t.Errorf("serve ends with %d\n%s", code, serve.out)
	}
	h.worksOnItsStore(t)
	h.movesItsStore(t)
}

// saysThatNothingIsSold holds that commands before the first sale say so, and make no store.
func (h home) saysThatNothingIsSold(t testing.TB) {
	t.Helper()
	for _, command := range []string{"settle", "channels", "reconcile", "withdrawals"} {
		if o := h.run(t, command); o.code != 1 || !strings.Contains(o.stderr, "there is no store at") || !strings.Contains(o.stderr, "--store") {
			t.Errorf("without a store %s says %+v", command, o)
		}
	}
	if o := h.run(t, "receipts", "--seller"); o.code != 1 || !strings.Contains(o.stderr, "there is no store at") {
		t.Errorf("without a store receipts says %+v", o)
	}
	if found, _ := filepath.Glob(filepath.Join(h.dir, "data", "*", "server.db")); len(found) != 0 {
		t.Errorf("reading has made %v", found)
	}
	if out := h.ok(t, "receipts", "verify"); out != "there are no receipts to verify yet\n" {
		t.Errorf("of an empty book verify says %q", out)
	}
}

// settlesWhatIsWorthItsGas plans a settlement, is refused ones that do not pay, and makes one anyway.
func (h home) settlesWhatIsWorthItsGas(t testing.TB) {
	t.Helper()
	plan := h.ok(t, "settle", "--dry-run")
	if !strings.Contains(plan, "COST ETH") || !strings.Contains(plan, "COST USDC") || !strings.Contains(plan, "0.005") || !strings.Contains(plan, " ETH (") || !strings.Contains(plan, "would claim 0.005 USDC of 1 channels") || strings.Contains(plan, ", claimed") {
		t.Errorf("the plan is\n%s", plan)
	}
	if dear := h.run(t, "settle", "--anyway", "--max-gas-price", "0.000000001"); dear.code != 1 || !strings.Contains(dear.stderr, "above the limit") {
		t.Errorf("settled for a wei: %+v", dear)
	}
	if out := h.ok(t, "settle", "--min-value", "1"); out != "nothing to settle\n" {
		t.Errorf("of less than a USDC it settled %q", out)
	}
	if o := h.run(t, "settle"); o.code != 1 || !strings.Contains(o.stderr, "the gas costs more than what is claimed") || !strings.Contains(o.stderr, "--anyway") {
		t.Errorf("for less than the gas it settled %+v", o)
	}
	out := h.ok(t, "settle", "--wait", "1", "--anyway")
	if !strings.Contains(out, "1 channels, claimed 0.005 USDC, settled 0.005 USDC") || strings.Count(out, "0x") != 1 {
		t.Errorf("settle prints\n%s", out)
	}
}

// seesAWithdrawal has the payer announce one, which the seller then lists.
func (h home) seesAWithdrawal(t testing.TB) {
	t.Helper()
	h.ok(t, "withdraw", "start")
	type withdrawal struct{ Amount, AtRisk, WithdrawAfter string }
	var pending []withdrawal
	for len(pending) == 0 { // the server sees it with its next look at the chain
		pending = decode[[]withdrawal](t, h.ok(t, "withdrawals", "--json"))
	}
	if pending[0].Amount != "19995000" || pending[0].AtRisk != "0" || pending[0].WithdrawAfter == "" {
		t.Errorf("the withdrawals are %+v", pending)
	}
}

// worksOnItsStore holds that the desk works where no server runs.
func (h home) worksOnItsStore(t testing.TB) {
	t.Helper()
	if got := h.run(t, "limits"); got.code != 1 || !strings.Contains(got.stderr, "no server is running") {
		t.Errorf("without a server the limits are %+v", got)
	}
	if out := h.ok(t, "withdrawals"); !strings.Contains(out, "19.995") || !strings.Contains(out, "AT RISK") {
		t.Errorf("without a server the withdrawals are\n%s", out)
	}
	if out := h.ok(t, "reconcile", "--json"); fmt.Sprint(decode[map[string]any](t, out)["differences"]) != "[]" {
		t.Errorf("without a server it found %s", out)
	}
	if out := h.ok(t, "settle", "--json"); decode[map[string]any](t, out)["claimed"] != "0" {
		t.Errorf("settled again %s", out)
	}
}

// opensShop lets the profile's shop sell for a moment, so that it has a store.
func (h home) opensShop(t *testing.T) {
	t.Helper()
	serve := h.start(t, "selling on", "serve", "--listen", freeAddress(t), "--settle-every", "0")
	if code := serve.interrupt(t); code != 0 {
		t.Fatalf("serve ends with %d\n%s", code, serve.out)
	}
}

// movesItsStore holds that commands read the store that is named, and that a copied
// profile does not sell with the key.
func (h home) movesItsStore(t *testing.T) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(h.dir, "data", "*", "server.db"))
	if err != nil || len(found) != 1 {
		t.Fatalf("stores %v, %v", found, err)
	}
	copied := filepath.Join(t.TempDir(), "own.db")
	if err := os.CopyFS(copied, os.DirFS(found[0])); err != nil {
		t.Fatal(err)
	}
	if out := h.ok(t, "channels", "--store", copied); !strings.Contains(out, "0.005") {
		t.Errorf("the named store has\n%s", out)
	}
	if o := h.run(t, "settle", "--store", copied); o.code != 1 || !strings.Contains(o.stderr, "the key sells from another store") || !strings.Contains(o.stderr, found[0]) {
		t.Errorf("a second store with the key settles: %+v", o)
	}
	if o := h.run(t, "channels", "resume", "--all"); o.code != 0 || o.stdout != "0 channels resumed\n" {
		t.Errorf("where none is stopped: %+v", o)
	}
}

func TestASettlementWhoseTransferTheTokenRefusesEndsWithAnError(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "20", url)
	h.ok(t, "call", "primes", "limit:=10", url)
	var token string
	h.editProfile(t, func(text string) string {
		_, rest, _ := strings.Cut(text, "token: ")
		token, _, _ = strings.Cut(rest, "\n")
		return text
	})
	var admin common.Hash
	call := map[string]string{"to": strings.Trim(token, `"`), "data": hexutil.Encode(abigen.NewDevUSDC().PackAdmin())}
	h.rpc(t, &admin, "eth_call", call, "latest")
	from := common.BytesToAddress(admin[:])
	receiver := keys.Dev(devnet.Receiver).Address()
	call["from"], call["data"] = from.Hex(), hexutil.Encode(abigen.NewDevUSDC().PackBlacklist(receiver))
	h.rpc(t, nil, "anvil_impersonateAccount", from)
	h.rpc(t, nil, "eth_sendTransaction", call)
	if o := h.run(t, "settle", "--all"); o.code != 1 || !strings.Contains(o.stderr, "claimed and not transferred") {
		t.Errorf("settle ends with %+v", o)
	}
}

func TestAStuckTransactionIsListedSpedUpAndCancelled(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "20", url)
	h.ok(t, "call", "primes", "limit:=10", url)
	h.rpc(t, nil, "evm_setAutomine", false)
	settling := h.start(t, "BATCH", "settle", "--all")
	type tx struct {
		Nonce     uint64
		Tx, Label string
	}
	var pending []tx
	for len(pending) == 0 {
		pending = decode[[]tx](t, h.ok(t, "tx", "list", "--json"))
	}
	if pending[0].Label != "claim 1 channels" {
		t.Errorf("on their way are %+v", pending)
	}
	if code := settling.interrupt(t); code != 1 {
		t.Errorf("an interrupted settlement ends with %d", code)
	}
	nonce := fmt.Sprint(pending[0].Nonce)
	if out := h.ok(t, "tx", "speedup", nonce); out != "sped up nonce "+nonce+"\n" {
		t.Errorf("speedup prints %q", out)
	}
	if after := decode[[]tx](t, h.ok(t, "tx", "list", "--json")); after[0].Tx == pending[0].Tx {
		t.Errorf("after speeding up it is still %s", after[0].Tx)
	}
	if out := h.ok(t, "tx", "list"); !strings.Contains(out, "claim 1 channels") || !strings.Contains(out, "MAX GWEI") {
		t.Errorf("tx list prints\n%s", out)
	}
	h.ok(t, "tx", "cancel", nonce)
	h.rpc(t, nil, "evm_setAutomine", true)
	h.rpc(t, nil, "anvil_mine", 1)
	for len(pending) > 0 {
		pending = decode[[]tx](t, h.ok(t, "tx", "list", "--json"))
	}
	if gone := h.run(t, "tx", "speedup", nonce); gone.code != 1 || !strings.Contains(gone.stderr, "on its way") {
		t.Errorf("sped up what has landed: %+v", gone)
	}
	if out := h.ok(t, "settle", "--all", "--json"); decode[map[string]any](t, out)["settled"] != "2000" {
		t.Errorf("settled after the cancellation: %s", out)
	}
}

func TestAProfileWithTwoEscrowsIsSettledAtBoth(t *testing.T) {
	const own, canonical = "0x7c32f5E6551a589BF8D96228de0F0ae312737474", "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	h.opensShop(t)
	h.editProfile(t, func(text string) string { return text + "also: [{escrow: \"" + canonical + "\"}]\n" })
	if bare := h.run(t, "settle"); bare.code != 1 || !strings.Contains(bare.stderr, canonical) {
		t.Errorf("an escrow that is not there: %+v", bare)
	}
	var code string
	h.rpc(t, &code, "eth_getCode", own, "latest")
	h.rpc(t, nil, "anvil_setCode", canonical, code)
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address, "--settle-every", "0")
	url := "--server=http://" + address + "/mcp"
	h.ok(t, "deposit", "20", url)
	h.ok(t, "call", "primes", "limit:=10", url)
	out := h.ok(t, "settle", "--all")
	if !strings.Contains(out, "eip155:31337/"+own+": 1 channels, claimed 0.002 USDC") || !strings.Contains(out, "\n1 channels, claimed 0.002 USDC, settled 0.002 USDC") || strings.Contains(out, canonical) {
		t.Errorf("settle prints\n%s", out)
	}
}

func TestBadInputAtTheDeskIsRefused(t *testing.T) {
	h := newHome(t)
	for name, args := range map[string][]string{
		"a channel that is none":      {"settle", "--channel", "0x12"},
		"a value that is none":        {"settle", "--min-value", "much"},
		"a gas price that is none":    {"settle", "--max-gas-price", "-3"},
		"a gas price that is too odd": {"settle", "--max-gas-price", "1.0000000001"},
		"a nonce that is none":        {"tx", "cancel", "first"},
		"no nonce":                    {"tx", "speedup"},
	} {
		if got := h.run(t, args...); got.code != 2 || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	h.start(t, "is ready", "dev", "--port", "0")
	h.opensShop(t)
	for line, want := range map[string]string{
		"coinPrice: dear":                      "coinPrice",
		"settle: {channelValue: x}":            "settle.channelValue",
		"settle: {maxAge: old}":                "settle.maxAge",
		"settle: {idleAfter: never}":           "settle.idleAfter",
		"settle: {maxGasPrice: cheap}":         "settle.maxGasPrice",
		"settle: {lowBalance: 101}":            "settle.lowBalance",
		"settle: {maxCostShare: 5}":            "takes a coinPrice",
		"settle: {maxCostShare: -1}":           "settle.maxCostShare",
		"settle: {everySoOften: 1h}":           "everySoOften",
		"coinPrice: \"1\"\nsettle: {a: \"1\"}": "unknown",
	} {
		var before string
		h.editProfile(t, func(text string) string { before = text; return text + line + "\n" })
		if got := h.run(t, "settle", "--dry-run"); got.code != 1 || !strings.Contains(got.stderr, want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("a profile with %q: %+v", line, got)
		}
		h.editProfile(t, func(string) string { return before })
	}
	seller := regexp.MustCompile(`(?m)^seller: .*$`)
	for reference, want := range map[string]string{
		"clef:0x12@http://127.0.0.1:1":                                       "clef:ADDRESS@URL",
		"clef:0x90F79bf6EB2c4f870365E785982E1f101E93b906":                    "clef:ADDRESS@URL",
		"clef:0x90F79bf6EB2c4f870365E785982E1f101E93b906@http://127.0.0.1:1": "start clef",
	} {
		h.editProfile(t, func(text string) string { return seller.ReplaceAllString(text, "seller: \""+reference+"\"") })
		if got := h.run(t, "settle"); got.code != 1 || !strings.Contains(got.stderr, want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("a seller %q: %+v", reference, got)
		}
	}
}
