package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/vouchers/history"
)

func TestAConfigIsReadWhole(t *testing.T) {
	t.Setenv("GATEWAY_TEST_TOKEN", "s3cret")
	c, err := config.Load(writeConfig(t, `
listen: 127.0.0.1:9000
hosts: [shop.example.com]
baseURL: https://shop.example.com/api
settleEvery: 30m
settleOnStop: true
history: {keep: 400d, max: 20GB}
minDeposit: 0.5
also:
  - {escrow: "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"}
  - {rpc: "http://127.0.0.1:1", chainId: 10, escrow: "0x00000000000000000000000000000000000000AA", collector: "0x00000000000000000000000000000000000000bb",
     token: "0x4716e8B54Ce3435323557446a2CEaEf816816590", minDeposit: 2, confirmations: 3, coinPrice: 3000, permit2: true}
prices: {"search*": "0.001", lookup: 0.002}
upstreams:
  web:
    url: https://example.com/mcp
    sse: true
    headers: &auth {Authorization: "Bearer ${GATEWAY_TEST_TOKEN}"}
    timeout: 5s
    totalTimeout: 1h
    allow: ["a*"]
    deny: [abc]
    prefix: w
  other: {url: "https://example.org/mcp", headers: *auth}
  files: {command: sh, args: [-c, "true"], env: {TOKEN: "x${GATEWAY_TEST_TOKEN}"}, shareLogs: true}
routes:
  - {path: "/v1/item/{id}", upstream: "http://127.0.0.1:1/items/{id}", price: 0.01, description: an item, mimeType: application/json, timeout: 2s, totalTimeout: 5m}
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:9000" || c.BaseURL != "https://shop.example.com/api" || c.SettleEvery != 30*time.Minute || !c.SettleOnStop || *c.MinDeposit != 500_000 || c.Prices["lookup"].Most != 2_000 || len(c.Upstreams) != 3 {
		t.Errorf("read %+v", c)
	}
	if want := (history.Keep{Age: 400 * 24 * time.Hour, Bytes: 20e9}); c.History == nil || *c.History != want {
		t.Errorf("the history is %+v, want %+v", c.History, want)
	}
	also := []server.Accepts{{Escrow: escrow.Canonical.Escrow}, {
		RPC: "http://127.0.0.1:1", ChainID: 10, Escrow: common.Address{19: 0xaa}, Collectors: escrow.Collectors{EIP3009: common.Address{19: 0xbb}},
		Token: common.HexToAddress("0x4716e8B54Ce3435323557446a2CEaEf816816590"), MinDeposit: 2_000_000, Confirmations: 3, CoinPrice: 3_000_000_000, Permit2: true,
	}}
	if !slices.Equal(c.Also, also) {
		t.Errorf("also is %+v, want %+v", c.Also, also)
	}
	web, files, route := c.Upstreams[0], c.Upstreams[2], c.Routes[0]
	if web.Name != "web" || web.Headers["Authorization"] != "Bearer s3cret" || web.Timeout != 5*time.Second || web.TotalTimeout != time.Hour || !web.SSE || web.Prefix != "w" {
		t.Errorf("the first upstream is %+v", web)
	}
	if c.Upstreams[1].Headers["Authorization"] != "Bearer s3cret" {
		t.Error("an alias is not what it stands for")
	}
	if files.Env["TOKEN"] != "xs3cret" || files.Timeout != config.DefaultTimeout || files.TotalTimeout != 0 || !files.ShareLogs {
		t.Errorf("the last upstream is %+v", files)
	}
	if route.Pattern() != "GET /v1/item/{id}" || route.Price.Most != 10_000 || route.Description != "an item" || route.Timeout != 2*time.Second || route.TotalTimeout != 5*time.Minute {
		t.Errorf("the route is %+v", route)
	}
}

// web is the only upstream of a config that is fine so far.
const web = "upstreams:\n  web:\n    url: http://127.0.0.1:1/mcp\n"

// mistake is a config with one, and what its problem names.
type mistake struct {
	text string
	line int
	key  string
	says string
}

// sayWhere holds that each mistake is told by file, line and key, in one line.
func sayWhere(t *testing.T, mistakes map[string]mistake) {
	t.Helper()
	for name, c := range mistakes {
		t.Run(name, func(t *testing.T) {
			file := writeConfig(t, c.text)
			_, err := config.Load(file)
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
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one problem:\n%v", err)
			}
		})
	}
}

func TestAProblemSaysFileLineAndKey(t *testing.T) {
	sayWhere(t, map[string]mistake{
		"nothing":              {"", 1, "", "empty"},
		"nothing that is sold": {"listen: 127.0.0.1:1\n", 1, "", "upstreams or routes"},
		"no YAML":              {"upstreams: [\n", 1, "", "not YAML"},
		"a tab":                {"prices:\n\tx: 1\n", 2, "", "not YAML"},
		"a key twice":          {web + "prices: {}\nprices: {}\n", 5, "", "already defined"},
		"two documents":        {web + "---\na: 1\n", 1, "", "2 YAML documents"},
		"an unknown key":       {web + "price: 1\n", 4, "price", "known are accept, also, baseURL, exact, history, hosts, limits, listen, minDeposit, movedFrom, origins, prices"},
		"a list for a group":   {"upstreams: [a]\n", 1, "upstreams", "it is a list"},
		"a text for a list":    {web + "hosts: a\n", 4, "hosts", "want a list"},
		"a number for a text":  {web + "listen: 8402\n", 4, "listen", "in quotes"},
		"a text for a flag":    {web + "settleOnStop: \"yes\"\n", 4, "settleOnStop", "true or false"},
		"no value":             {web + "listen:\n", 4, "listen", "no value"},
		"an empty text":        {web + "listen: ''\n", 4, "listen", "empty"},
		"an age that is none":  {web + "history: {keep: forever}\n", 4, "history", "400d"},
		"a size that is none":  {web + "history: {max: \"20\"}\n", 4, "history", "20GB"},
		"a merge key":          {"prices: &a {}\nupstreams:\n  web:\n    url: http://h/mcp\n    <<: *a\n", 5, "upstreams.web", "<<"},
	})
}

func TestANumberThatIsNotPlainDecimalsSaysFileLineAndKey(t *testing.T) {
	sayWhere(t, map[string]mistake{
		"an amount with a zero before it":       {web + "minDeposit: 010\n", 4, "minDeposit", "010 is not a plain decimal number"},
		"an amount that YAML takes for a text":  {web + "minDeposit: 08\n", 4, "minDeposit", "not a plain decimal number"},
		"an amount of another base":             {web + "prices: {a: 0x10}\n", 4, "prices.a", "not a plain decimal number"},
		"an amount with places and a zero":      {web + "prices: {a: 00.5}\n", 4, "prices.a", "not a plain decimal number"},
		"a count with a zero before it":         {web + "prices: {a: {max: 1, free: {calls: 010}}}\n", 4, "prices.a.free.calls", "not a plain decimal number"},
		"a default with a zero before it":       {web + "prices: {a: {max: 1, per: {argument: n, unit: 1, default: 010}}}\n", 4, "prices.a.per.default", "not a plain decimal number"},
		"a chain id of another base":            {web + "also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  confirmations: 0o10\n", 6, "also[0].confirmations", "not a plain decimal number"},
		"a limit with a zero before it":         {web + "limits: {lookups: 010}\n", 4, "limits.lookups", "not a plain decimal number"},
		"a time of nothing with too many zeros": {web + "settleEvery: 00\n", 4, "settleEvery", "not a plain decimal number"},
		"a number behind an anchor":             {web + "minDeposit: &a 010\n", 4, "minDeposit", "not a plain decimal number"},
		"a whole number in quotes":              {web + "limits: {lookups: '0x10'}\n", 4, "limits.lookups", "not a whole number"},
	})
}

func TestAProblemOfAPriceSaysFileLineAndKey(t *testing.T) {
	sayWhere(t, map[string]mistake{
		"a price that is no number":      {web + "prices:\n  ok: 1\n  search: cheap\n", 6, "prices.search", "cheap"},
		"a price that is negative":       {web + "prices: {a: -1}\n", 4, "prices.a", "invalid amount"},
		"a price that is too fine":       {web + "prices: {a: 0.0000001}\n", 4, "prices.a", "decimals"},
		"a price with a bad pattern":     {web + "prices: {\"a[\": 1}\n", 4, "prices.a[", "pattern"},
		"a price of an upstream":         {web + "    prices:\n      x: gratis\n", 5, "upstreams.web.prices.x", "gratis"},
		"a price that is a list":         {web + "prices: {a: [1]}\n", 4, "prices.a", "an amount of USDC"},
		"an unknown key of a price":      {web + "prices:\n  a:\n    most: 1\n", 6, "prices.a.most", "known are accept, base, free, max, metered, onCancel, onFailure, per"},
		"a price of nothing":             {web + "prices:\n  a: {metered: true}\n", 5, "prices.a", "either base or max"},
		"a price of two":                 {web + "prices:\n  a: {base: 1, max: 2}\n", 5, "prices.a", "either base or max"},
		"a unit without a most":          {web + "prices:\n  a: {base: 1, per: {argument: n, unit: 1}}\n", 5, "prices.a", "needs max"},
		"a base above the most":          {web + "prices:\n  a: {base: 2, max: 1, per: {argument: n, unit: 1}}\n", 5, "prices.a", "base is above max"},
		"a unit of nothing":              {web + "prices:\n  a: {max: 1, per: {argument: n}}\n", 5, "prices.a.per", "argument"},
		"a unit that is no number":       {web + "prices:\n  a:\n    max: 1\n    per:\n      argument: n\n      unit: some\n", 9, "prices.a.per.unit", "invalid amount"},
		"a unit of something else":       {web + "prices: {a: {max: 1, per: {argument: n, of: words, unit: 1}}}\n", 4, "prices.a.per", "number, text or list"},
		"a default that is no number":    {web + "prices: {a: {max: 1, per: {argument: n, unit: 1, default: 1.5}}}\n", 4, "prices.a.per.default", "whole number"},
		"an allowance of nothing":        {web + "prices: {a: {max: 1, free: {per: 1h}}}\n", 4, "prices.a.free", "calls or amount"},
		"an allowance that is no number": {web + "prices: {a: {max: 1, free: {calls: -1}}}\n", 4, "prices.a.free.calls", "whole number"},
		"an outcome that is none":        {web + "prices:\n  a: {max: 1, onCancel: never}\n", 5, "prices.a.onCancel", "want free or charge"},
		"a meter that is none":           {"routes:\n- {path: /a, upstream: 'http://h', price: {max: 1, metered: 1}}\n", 2, "routes[0].price.metered", "true or false"},
	})
}

func TestAProblemOfTheShopSaysFileLineAndKey(t *testing.T) {
	sayWhere(t, map[string]mistake{
		"an origin with a path":           {web + "origins: ['https://a.example.com/']\n", 4, "origins[0]", "https://app.example.com"},
		"an origin without a scheme":      {web + "origins:\n  - '*'\n  - a.example.com\n", 6, "origins[1]", "https://app.example.com"},
		"an origin with a wildcard":       {web + "origins: ['https://*.example.com']\n", 4, "origins[0]", "https://app.example.com"},
		"no list of deployments":          {web + "also: {escrow: '0x'}\n", 4, "also", "want a list"},
		"a deployment without an escrow":  {web + "also:\n- {confirmations: 1}\n", 5, "also[0]", "escrow"},
		"a chain without its token":       {web + "also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  rpc: http://h\n  chainId: 1\n", 5, "also[0]", "token"},
		"an address that is none":         {web + "also:\n- escrow: '0x4020'\n", 5, "also[0].escrow", "not an address"},
		"an address with a typing error":  {web + "also:\n- {escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003',\n   token: '0x4716e8B54Ce3435323557446a2CEaEf816816591'}\n", 6, "also[0].token", "checksum"},
		"a chain id of nothing":           {web + "also:\n- {escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003', chainId: 0}\n", 5, "also[0].chainId", "from 1 on"},
		"a limit that is none":            {web + "limits: {lookup: 3}\n", 4, "limits.lookup", "not a limit: \"lookup\"; known are"},
		"a limit of nothing":              {web + "limits: {lookups: 0}\n", 4, "limits.lookups", "not a whole number"},
		"a move to nowhere":               {web + "movedFrom:\n- {from: 'https://old.example'}\n", 5, "movedFrom[0]", "it needs from and to"},
		"a move that is no list":          {web + "movedFrom: 'https://old.example'\n", 4, "movedFrom", "want a list"},
		"a base URL that is none":         {web + "baseURL: shop.example\n", 4, "baseURL", "https://shop.example"},
		"a base URL with a query":         {web + "baseURL: 'https://shop.example/?a=b'\n", 4, "baseURL", "nor a query"},
		"a bad minimum":                   {web + "minDeposit: all\n", 4, "minDeposit", "invalid amount"},
		"a bad interval":                  {web + "settleEvery: 5\n", 4, "settleEvery", "30s"},
		"a negative interval":             {web + "settleEvery: -5m\n", 4, "settleEvery", "0s"},
		"a certificate without a key":     {web + "tls: {cert: a.pem}\n", 4, "tls", "cert and key"},
		"a certificate that is not there": {web + "tls:\n  cert: a.pem\n  key: b.pem\n", 4, "tls", "a.pem"},
		"an address without a port":       {web + "listen: localhost\n", 4, "listen", "127.0.0.1:8402"},
	})
}

func TestAProblemOfAnUpstreamSaysFileLineAndKey(t *testing.T) {
	sayWhere(t, map[string]mistake{
		"a timeout of nothing":            {web + "    timeout: 0s\n", 4, "upstreams.web.timeout", "at least"},
		"a URL that is none":              {"upstreams:\n  web:\n    url: example.com/mcp\n", 3, "upstreams.web.url", "https://host/mcp"},
		"a URL of another scheme":         {"upstreams: {web: {url: 'ftp://example.com'}}\n", 1, "upstreams.web.url", "https://host/mcp"},
		"neither URL nor command":         {"upstreams:\n  web:\n    timeout: 5s\n", 2, "upstreams.web", "either url or command"},
		"both URL and command":            {web + "    command: sh\n", 2, "upstreams.web", "either url or command"},
		"headers of a command":            {"upstreams:\n  it:\n    command: sh\n    headers: {A: b}\n", 4, "upstreams.it.headers", "command"},
		"arguments of a URL":              {web + "    args: [x]\n", 4, "upstreams.web.args", "url"},
		"a program that is not there":     {"upstreams: {it: {command: no-such-program}}\n", 1, "upstreams.it.command", "no-such-program"},
		"a variable that is not set":      {web + "    headers:\n      Authorization: Bearer ${GATEWAY_TEST_MISSING}\n", 5, "upstreams.web.headers.Authorization", `"GATEWAY_TEST_MISSING" is not set`},
		"a header that is none":           {web + "    headers:\n      ok: a\n      a b: c\n", 6, "upstreams.web.headers.a b", "not a header"},
		"a name that is none":             {"upstreams:\n  \"a b\": {url: 'http://h/mcp'}\n", 2, "upstreams.a b", "not a name"},
		"a prefix that is none":           {web + "    prefix: a/b\n", 4, "upstreams.web.prefix", "not a name"},
		"a prefix twice":                  {web + "    prefix: p\n  two: {url: 'http://h/mcp', prefix: p}\n", 5, "upstreams.two", "that of web"},
		"an allowed pattern that is none": {web + "    allow: [\"[\"]\n", 4, "upstreams.web.allow", "pattern"},
		"an unknown key of an upstream":   {web + "    tmeout: 5s\n", 4, "upstreams.web.tmeout", "timeout"},
	})
}

func TestAProblemOfARouteSaysFileLineAndKey(t *testing.T) {
	sayWhere(t, map[string]mistake{
		"a route without a price":        {"routes:\n- {path: /a, upstream: 'http://h'}\n", 2, "routes[0]", "path, upstream and price"},
		"a route that is no path":        {"routes:\n- {path: a, upstream: 'http://h', price: 1}\n", 2, "routes[0]", "cannot be served"},
		"a route twice":                  {"routes:\n- {path: /a, upstream: 'http://h', price: 1}\n- {path: /a, upstream: 'http://h', price: 2}\n", 3, "routes[1]", "cannot be served"},
		"a route of what machines find":  {"routes:\n- {path: /openapi.json, method: POST, upstream: 'http://h', price: 1}\n", 2, "routes[0]", "gateway's own"},
		"a route that is the gateway's":  {"routes:\n- {path: /mcp, method: POST, upstream: 'http://h', price: 1}\n", 2, "routes[0]", "gateway's own"},
		"a route that hides the gateway": {"routes:\n- {path: '/{x}', upstream: 'http://h', price: 1}\n", 2, "routes[0]", "cannot be served"},
		"a wildcard that is not there":   {"routes:\n- {path: '/a/{id}', upstream: 'http://h/{name}', price: 1}\n", 2, "routes[0]", "{name}"},
		"a wildcard in a query":          {"routes:\n- {path: '/a/{id}', upstream: 'http://h/?x={id}', price: 1}\n", 2, "routes[0]", "query"},
		"an unknown key of a route":      {web + "routes:\n- {path: /a, upstream: 'http://h', price: 1,\n   cost: 1}\n", 6, "routes[0].cost", "price"},
	})
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	file := writeConfig(t, "listen: 1\nupstreams:\n  web: {url: nowhere, timeout: soon}\nroutes: {}\n")
	_, err := config.Load(file)
	want := fmt.Sprintf("%[1]s:1: listen: \n%[1]s:3: upstreams.web.url: \n%[1]s:3: upstreams.web.timeout: \n%[1]s:4: routes: ", file)
	for i, line := range strings.Split(want, "\n") {
		got := strings.Split(fmt.Sprint(err), "\n")
		if len(got) != 4 || !strings.HasPrefix(got[i], line) {
			t.Fatalf("reported\n%v\nwant\n%s", err, want)
		}
	}
}

func TestASecretIsNotInAProblem(t *testing.T) {
	t.Setenv("GATEWAY_TEST_TOKEN", "s3cret\nvalue")
	_, err := config.Load(writeConfig(t, "upstreams:\n  web:\n    url: http://h/mcp\n    headers: {Authorization: 'Bearer ${GATEWAY_TEST_TOKEN}'}\n"))
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("it says %v", err)
	}
}

func TestAFileThatIsNotThereIsSaidSo(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it says %v", err)
	}
}

// writeConfig writes a config file.
func writeConfig(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
