package config_test

import (
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/server/facilitator/config"
)

const (
	key  = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
	hash = "sha256:0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
)

// chains is a config that is fine so far.
const chains = "chains:\n- {network: 'eip155:8453', rpc: ['https://h'], keys: ['" + key + "']}\n"

func load(t testing.TB, text string) (*config.Config, string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	return c, file, err
}

func TestAConfigIsReadWhole(t *testing.T) {
	t.Setenv("FACILITATOR_TEST_KEY", "s3cret")
	c, file, err := load(t, `
listen: 0.0.0.0:9000
store: books
chains:
  - network: eip155:8453
    rpc: ["https://one.example/${FACILITATOR_TEST_KEY}", "wss://two.example"]
    keys: ["`+key+`", env:GAS, "clef:`+key+`@http://127.0.0.1:8550"]
    authorizer: env:AUTHORIZER
    tokens: ["0x4716e8B54Ce3435323557446a2CEaEf816816590"]
    escrows: [{escrow: "0x00000000000000000000000000000000000000AA", eip3009: "0x00000000000000000000000000000000000000bb"}]
    confirmations: 2
    finalAfter: 20
    batch: 50
    maxGasPrice: 0.05
    maxCost: 0.02
    lowGas: "0.01"
    stuckAfter: 1m
  - {network: "eip155:31337", rpc: ["http://127.0.0.1:8545"], keys: ["dev:5"]}
keys:
  - {name: shop, hash: "`+hash+`", callsPerMinute: 60, callsPerDay: 1000, gasPerDay: 5000000, receivers: ["`+key+`"]}
  - {name: prometheus, hash: "`+strings.Replace(hash, "01", "ff", 1)+`", metrics: true}
limits: {body: 64KiB, bodies: 1MiB, bodyTime: 5s, waiting: 10, callerWaiting: 9, asking: 8, wait: 20s, claims: 7, resources: 6}
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "0.0.0.0:9000" || c.Store != filepath.Join(filepath.Dir(file), "books") || len(c.Chains) != 2 || len(c.Keys) != 2 {
		t.Errorf("read %+v", c)
	}
	if want := (facilitator.Limits{Body: 64 << 10, Bodies: 1 << 20, BodyTime: 5 * time.Second, Waiting: 10, CallerWaiting: 9, Asking: 8, Wait: 20 * time.Second, Claims: 7, Resources: 6}); c.Limits != want {
		t.Errorf("the limits are %+v", c.Limits)
	}
	want := config.Chain{
		Network: "eip155:8453", ChainID: 8453, RPC: []string{"https://one.example/s3cret", "wss://two.example"},
		Keys: []string{key, "env:GAS", "clef:" + key + "@http://127.0.0.1:8550"}, Authorizer: "env:AUTHORIZER",
		Tokens:        []common.Address{common.HexToAddress("0x4716e8B54Ce3435323557446a2CEaEf816816590")},
		Escrows:       []escrow.Addresses{{Escrow: common.Address{19: 0xaa}, Collectors: escrow.Collectors{EIP3009: common.Address{19: 0xbb}}}},
		Confirmations: 2, FinalAfter: 20, Batch: 50, StuckAfter: time.Minute,
		MaxFee: big.NewInt(50_000_000), MaxCost: big.NewInt(2e16), LowGas: big.NewInt(1e16),
	}
	if !reflect.DeepEqual(c.Chains[0], want) {
		t.Errorf("the chain is\n%+v, want\n%+v", c.Chains[0], want)
	}
	parsed, err := access.ParseHash(hash)
	if err != nil {
		t.Fatal(err)
	}
	shop := access.Key{Name: "shop", Hash: parsed, Limits: access.Limits{CallsPerMinute: 60, CallsPerDay: 1000, GasPerDay: 5_000_000}, Receivers: []common.Address{common.HexToAddress(key)}}
	if !reflect.DeepEqual(c.Keys[0], shop) || !c.Keys[1].Watches {
		t.Errorf("the keys are %+v", c.Keys)
	}
}

func TestWhatIsLeftOutIsSafe(t *testing.T) {
	c, file, err := load(t, chains)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8403" || c.Store != filepath.Join(filepath.Dir(file), "facilitator.db") || c.Open || !c.IsLocal() {
		t.Errorf("read %+v", c)
	}
	for text, local := range map[string]bool{"localhost:1": true, "127.9.0.1:1": true, "[::1]:1": true} {
		if c, _, err := load(t, chains+"listen: '"+text+"'\n"); err != nil || c.IsLocal() != local {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{":8403", "0.0.0.0:8403", "192.168.1.1:8403", "shop.example:8403"} {
		if c, _, err := load(t, chains+"open: true\nlisten: '"+text+"'\n"); err != nil || c.IsLocal() {
			t.Errorf("%s, open: %v", text, err)
		}
	}
}

func TestAProblemSaysFileLineAndKey(t *testing.T) {
	chain := func(more string) string { return strings.Replace(chains, "}", ", "+more+"}", 1) }
	named := func(more string) string { return chains + "keys:\n- {name: shop, hash: '" + hash + "'" + more + "}\n" }
	const secret = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
	for name, c := range map[string]struct {
		text string
		line int
		key  string
		says string
	}{
		"nothing":                          {"", 1, "", "empty"},
		"no chain":                         {"listen: '127.0.0.1:1'\n", 1, "", "it needs chains"},
		"an unknown setting":               {chains + "chain: 1\n", 3, "chain", "known are chains, keys, limits, listen, open, store"},
		"strangers without keys":           {chains + "listen: '0.0.0.0:8403'\n", 3, "listen", "there are no keys"},
		"every address without keys":       {chains + "listen: ':8403'\n", 3, "listen", "there are no keys"},
		"open, with keys":                  {named("") + "open: true\n", 3, "keys", "leave one of them out"},
		"an address without a port":        {chains + "listen: localhost\n", 3, "listen", "127.0.0.1:8403"},
		"a chain without keys":             {"chains:\n- {network: 'eip155:1', rpc: ['http://h']}\n", 2, "chains[0]", "network, rpc and keys"},
		"a chain by its name":              {strings.Replace(chains, "eip155:8453", "base", 1), 2, "chains[0].network", "eip155:8453"},
		"a chain with a zero before it":    {strings.Replace(chains, "eip155:", "eip155:0", 1), 2, "chains[0].network", "eip155:8453"},
		"a chain twice":                    {chains + strings.TrimPrefix(chains, "chains:\n"), 3, "chains[1]", "twice"},
		"an endpoint that is none":         {strings.Replace(chains, "https://h", "h", 1), 2, "chains[0].rpc[0]", "not a URL"},
		"endpoints in one text":            {strings.Replace(chains, "https://h", "https://h,https://i", 1), 2, "chains[0].rpc[0]", "no comma"},
		"a variable that is not set":       {strings.Replace(chains, "https://h", "https://h/${FACILITATOR_TEST_MISSING}", 1), 2, "chains[0].rpc[0]", "is not set"},
		"a private key":                    {strings.Replace(chains, key, secret, 1), 2, "chains[0].keys[0]", "refers to no key"},
		"a reference of another kind":      {strings.Replace(chains, key, "file:a", 1), 2, "chains[0].keys[0]", "refers to no key"},
		"an authorizer without keys":       {chain("authorizer: 'env:A'"), 1, "", "keys with receivers"},
		"a batch that is too large":        {chain("batch: 201"), 2, "chains[0].batch", "at most 200"},
		"no blocks":                        {chain("confirmations: 0"), 2, "chains[0].confirmations", "from 1 on"},
		"a gas price that is none":         {chain("maxGasPrice: low"), 2, "chains[0].maxGasPrice", "gwei"},
		"a cost of nothing":                {chain("maxCost: 0"), 2, "chains[0].maxCost", "coin"},
		"gas money that is negative":       {chain("lowGas: -1"), 2, "chains[0].lowGas", "coin"},
		"a time that is none":              {chain("stuckAfter: 5"), 2, "chains[0].stuckAfter", "30s"},
		"a token that is none":             {chain("tokens: ['0x1']"), 2, "chains[0].tokens[0]", "not an address"},
		"an escrow without a collector":    {chain("escrows: [{escrow: '" + key + "'}]"), 2, "chains[0].escrows[0]", "collector"},
		"an unknown setting of a chain":    {chain("chainId: 1"), 2, "chains[0].chainId", "no such setting"},
		"a name that is none":              {strings.Replace(named(""), "shop", "a b", 1), 4, "keys[0].name", "not a name"},
		"a key for a hash":                 {strings.Replace(named(""), hash, "chit_fk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1), 4, "keys[0].hash", "the key itself"},
		"a hash that is none":              {strings.Replace(named(""), hash, "sha256:12", 1), 4, "keys[0].hash", "64 hex digits"},
		"a key without a hash":             {chains + "keys:\n- {name: shop}\n", 3, "keys", "no hash"},
		"a name twice":                     {named("") + "- {name: shop, hash: '" + strings.Replace(hash, "01", "ff", 1) + "'}\n", 3, "keys", "twice"},
		"a limit of nothing":               {named(", gasPerDay: 0"), 4, "keys[0].gasPerDay", "from 1 on"},
		"a limit that is none":             {chains + "limits: {bodys: 1}\n", 3, "limits.bodys", "known are asking, bodies, body"},
		"a size that is none":              {chains + "limits: {body: big}\n", 3, "limits.body", "64KiB"},
		"a store of nothing":               {chains + "store: ''\n", 3, "store", "empty"},
		"an authorizer where all are open": {chain("authorizer: 'env:A'") + "open: true\n", 1, "", "keys with receivers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, file, err := load(t, c.text)
			if err == nil {
				t.Fatal("it is taken")
			}
			var problem *config.Problem
			if !errors.As(err, &problem) {
				t.Fatalf("the error is %v", err)
			}
			if problem.File != file || problem.Line != c.line || problem.Key != c.key || !strings.Contains(problem.Text, c.says) {
				t.Errorf("it says %v\nwant line %d, key %q and %q", err, c.line, c.key, c.says)
			}
			if said := err.Error(); strings.Contains(said, "\n") || strings.Contains(said, secret) || strings.Contains(said, "AAAAAAAA") {
				t.Errorf("more is said than one problem, or a secret:\n%v", err)
			}
		})
	}
}

func TestAllMistakesAreSaidAtOnce(t *testing.T) {
	_, _, err := load(t, "listen: here\nchains:\n- {network: base, rpc: [x], keys: [y]}\nkeys:\n- {name: '', hash: z}\n")
	if err == nil || len(strings.Split(err.Error(), "\n")) != 6 {
		t.Errorf("it says\n%v", err)
	}
}
