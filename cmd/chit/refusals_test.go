package main_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain/anvil"
)

const goodProfile = `rpc: %RPC%
chainId: 31337
escrow: "0x7c32f5E6551a589BF8D96228de0F0ae312737474"
token: "0x4716e8B54Ce3435323557446a2CEaEf816816590"
server: http://127.0.0.1:1/mcp
listen: 127.0.0.1:0
withdrawDelay: 900
payer: dev:1
seller: dev:2
`

// profiled is a home whose only profile has the given changes.
func profiled(t testing.TB, rpc string, changes ...string) home {
	t.Helper()
	h := newHome(t)
	text := strings.ReplaceAll(goodProfile, "%RPC%", rpc)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%q is not in the profile", changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	dir := filepath.Join(h.dir, "profiles")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "test.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// files lists what is in a home, so that a test can see that nothing was left behind.
func (h home) files(t testing.TB) (all []string) {
	t.Helper()
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// badCommand is a command that can do nothing, with its exit code and what its one line
// must say.
type badCommand struct {
	changes []string // to the profile
	args    string
	code    int
	says    []string
}

// badCommands has them by what is bad; nobody is a URL at which nobody answers.
func badCommands(nobody string) map[string]badCommand {
	return map[string]badCommand{
		"an unknown command":                  {nil, "depositt 20", 2, []string{"depositt", "--help"}},
		"an unknown flag":                     {nil, "deposit 20 --fast", 2, []string{"-fast", "chit deposit --help"}},
		"an unknown subcommand":               {nil, "wallet burn", 2, []string{"burn"}},
		"no amount":                           {nil, "deposit", 2, []string{"chit deposit AMOUNT"}},
		"too many amounts":                    {nil, "deposit 1 2", 2, []string{"2 arguments"}},
		"a negative amount":                   {nil, "deposit -- -1", 1, []string{"invalid amount", "-1"}},
		"an amount that is no number":         {nil, "deposit lots", 1, []string{"invalid amount", "lots"}},
		"an amount that is too fine":          {nil, "deposit 0.0000001", 1, []string{"6 decimals"}},
		"an amount with an exponent":          {nil, "deposit 1e3", 1, []string{"invalid amount"}},
		"nothing":                             {nil, "deposit 0", 1, []string{"nothing"}},
		"an argument without a value":         {nil, "call hash text", 2, []string{"key=value"}},
		"an argument that is no JSON":         {nil, "call primes limit:=ten", 2, []string{"limit", "JSON"}},
		"an argument twice":                   {nil, "call hash text=a text=b", 2, []string{"twice"}},
		"a limit that is no amount":           {nil, "call hash text=a --max-price cheap", 1, []string{"--max-price", "cheap"}},
		"a bad token address":                 {nil, "balance --token 0x12", 1, []string{"--token", "0x12", "40 hex digits"}},
		"a mistyped token address":            {nil, "balance --token 0x4716e8B54Ce3435323557446a2CEaEf816816591", 1, []string{"checksum"}},
		"a profile that is not there":         {nil, "balance --profile other", 1, []string{"other", "chit dev"}},
		"a profile with a bad name":           {nil, "balance --profile ../x", 1, []string{"../x"}},
		"no RPC":                              {[]string{"%RPC%", nobody}, "balance", 1, []string{"cannot be reached", "chit dev"}},
		"an RPC that is no URL":               {[]string{"%RPC%", "localhost"}, "balance", 1, []string{"http://127.0.0.1:8545"}},
		"a wrong chain id":                    {[]string{"31337", "8453"}, "balance", 1, []string{"wrong chain", "31337", "8453"}},
		"dev keys on another chain":           {[]string{"31337", "8453"}, "deposit 20", 1, []string{"public", "8453", "chit wallet new"}},
		"a token without code":                {nil, "balance", 1, []string{"no contract", "0x4716"}},
		"an escrow without code":              {nil, "serve", 1, []string{"no contract", "chit deploy"}},
		"an escrow that nobody knows":         {[]string{"0x7c32f5E6551a589BF8D96228de0F0ae312737474", "0x12"}, "serve", 1, []string{"escrow", "0x12"}},
		"a delay that is too short":           {[]string{"900", "899"}, "serve", 1, []string{"withdrawDelay 899", "900"}},
		"a key nobody has":                    {[]string{"dev:2", `"0x000000000000000000000000000000000000dEaD"`}, "serve", 1, []string{"no key file", "chit wallet list"}},
		"a dev key that is not there":         {[]string{"dev:2", "dev:99"}, "serve", 1, []string{"dev:0 to dev:9"}},
		"a setting that is not known":         {[]string{"listen:", "listne:"}, "serve", 1, []string{"test.yaml", "listne"}},
		"a store that is not there":           {nil, "store check", 1, []string{"server.db"}},
		"channels without a store":            {nil, "channels", 1, []string{"server.db"}},
		"an archive of nothing":               {nil, "store archive x", 1, []string{"server.db"}},
		"a backup of nothing":                 {nil, "store backup x.db", 1, []string{"server.db"}},
		"a deployment that is not there":      {nil, "verify-deployment", 1, []string{"no contract", "Escrow", "chit deploy"}},
		"a new wallet without a passphrase":   {nil, "wallet new", 1, []string{"passphrase", "--passphrase-file"}},
		"a passphrase file that is not there": {nil, "wallet new --passphrase-file none", 1, []string{"none"}},
	}
}

func TestABadCommandGetsOneLineThatSaysWhatToDo(t *testing.T) {
	local, err := anvil.Start(t.Context(), anvil.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = local.Stop() }()
	for name, c := range badCommands("http://" + freeAddress(t)) {
		t.Run(name, func(t *testing.T) {
			rpc := local.URL()
			changes := c.changes
			if len(changes) == 2 && changes[0] == "%RPC%" {
				rpc, changes = changes[1], nil
			}
			h := profiled(t, rpc, changes...)
			before := len(h.files(t))
			got := h.run(t, strings.Fields(c.args)...)
			if got.code != c.code || got.stdout != "" {
				t.Errorf("exit code %d, want %d; stdout %q", got.code, c.code, got.stdout)
			}
			if !strings.HasPrefix(got.stderr, "chit: ") || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("stderr is not one line: %q", got.stderr)
			}
			for _, text := range c.says {
				if !strings.Contains(got.stderr, text) {
					t.Errorf("%q is not in %q", text, got.stderr)
				}
			}
			if after := h.files(t); len(after) != before && !strings.HasPrefix(c.args, "balance") {
				t.Errorf("left behind: %v", after)
			}
		})
	}
}

func TestAKeyInTheEnvironmentIsNeverShown(t *testing.T) {
	const secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
	h := profiled(t, "http://"+freeAddress(t))
	for _, text := range []string{secret, secret[:63], secret + "ff"} {
		c := h.command("deposit", "20")
		c.Env = append(c.Env, "CHIT_KEY="+text)
		got := finish(t, c)
		if got.code != 1 || strings.Contains(got.stdout+got.stderr, text) || strings.Contains(got.stderr, "\n\n") {
			t.Errorf("with a key of %d digits: %+v", len(text), got)
		}
	}
}

func TestAPayerWithoutMoneyOrWithoutAServerIsToldSo(t *testing.T) {
	h := newHome(t)
	h.start(t, "is ready", "dev", "--port", "0")
	nobody := h.run(t, "deposit", "20", "--server", "http://"+freeAddress(t)+"/mcp")
	if nobody.code != 1 || !strings.Contains(nobody.stderr, "is it running") || strings.Count(nobody.stderr, "\n") != 1 {
		t.Errorf("without a server: %+v", nobody)
	}
	address := freeAddress(t)
	h.start(t, "selling on", "serve", "--listen", address)
	url := "http://" + address + "/mcp"
	if poor := h.run(t, "deposit", "1000.000001", "--server", url); poor.code != 1 || !strings.Contains(poor.stderr, "not enough in the wallet") || !strings.Contains(poor.stderr, "has 1000 USDC") {
		t.Errorf("more than there is: %+v", poor)
	}
	if unfunded := h.run(t, "call", "hash", "text=x", "--server", url); unfunded.code != 1 || !strings.Contains(unfunded.stderr, "chit deposit") || strings.Count(unfunded.stderr, "\n") != 1 {
		t.Errorf("a call without a channel: %+v", unfunded)
	}
	if none := h.run(t, "call", "nothing_like_it", "--server", url); none.code != 1 || !strings.Contains(none.stderr, "nothing_like_it") {
		t.Errorf("a tool that is not there: %+v", none)
	}
	if empty := h.run(t, "refund", "--server", url); empty.code != 1 || !strings.HasSuffix(empty.stderr, "no such channel (invalid_batch_settlement_evm_channel_not_found)\n") {
		t.Errorf("a refund of nothing: %+v", empty)
	}
}

func TestHelpAndVersionArePrinted(t *testing.T) {
	h := newHome(t)
	if out := h.ok(t, "version"); out != "v1.2.3-test\n" {
		t.Errorf("version prints %q", out)
	}
	for _, args := range [][]string{{}, {"--help"}, {"help"}} {
		out := h.ok(t, args...)
		for _, command := range []string{"dev", "demo", "serve", "deposit", "balance", "call", "channels", "settle", "wallet"} {
			if !strings.Contains(out, "   "+command) {
				t.Errorf("chit %v does not list %s", args, command)
			}
		}
	}
	if out := h.ok(t, "settle", "--help"); !strings.Contains(out, "--dry-run") {
		t.Errorf("settle --help prints\n%s", out)
	}
	if files := h.files(t); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}
