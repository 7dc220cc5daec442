package facilitator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/x402"
)

// with is a body with something else in it: the names are a path.
func with(t *testing.T, body object, value any, path ...string) object {
	t.Helper()
	var copied object
	raw, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(raw, &copied)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := copied
	for _, name := range path[:len(path)-1] {
		at = at[name].(object)
	}
	at[path[len(path)-1]] = value
	return copied
}

func TestWhatIsNoPaymentIsRefusedInTheStandardsWords(t *testing.T) {
	w := newWorld(t, 1, base).open()
	payer := w.payer(base, "one", usdc)
	good := w.signed(base, payer, usdc/10)
	one := good.bodyV1("base-sepolia")
	permit := w.signed(base, payer, usdc/10, byPermit2).body()
	spent := w.signed(base, w.payer(base, "poor", 0), usdc).body()
	late := w.signed(base, payer, usdc/10, func(t *transfer.Transfer) { t.ValidBefore = 5 }).body()
	early := w.signed(base, payer, usdc/10, func(t *transfer.Transfer) { t.ValidAfter = 1 << 40; t.ValidBefore = 1 << 41 }).body()
	ever := w.signed(base, payer, usdc/10, func(t *transfer.Transfer) { t.ValidBefore = 1 << 50 }).body()
	elsewhere := w.signed(base, payer, usdc/10, upTo(common.Address{7})).body()
	stranger := common.Address{9}
	for name, c := range map[string]struct {
		body   any
		status int
		code   x402.ErrorCode
	}{
		"no JSON":                       {[]byte("{"), 400, x402.ErrPayload},
		"nothing":                       {[]byte(""), 400, x402.ErrPayload},
		"no object":                     {[]byte("[]"), 400, x402.ErrPayload},
		"a name twice":                  {[]byte(`{"x402Version":2,"x402Version":2,"paymentPayload":{},"paymentRequirements":{}}`), 400, x402.ErrPayload},
		"deep nesting":                  {append([]byte(`{"paymentPayload":`), bytes.Repeat([]byte("["), 5000)...), 400, x402.ErrPayload},
		"no payment":                    {object{"x402Version": 2, "paymentRequirements": good.terms}, 400, x402.ErrPayload},
		"too much":                      {with(t, good.body(), strings.Repeat("x", 300<<10), "paymentPayload", "more"), 413, x402.ErrPayload},
		"another version":               {with(t, good.body(), 3, "paymentPayload", "x402Version"), 400, x402.ErrX402Version},
		"two versions":                  {with(t, good.body(), 1, "x402Version"), 400, x402.ErrX402Version},
		"another scheme":                {with(t, good.body(), "barter", "paymentRequirements", "scheme"), 200, x402.ErrUnsupportedScheme},
		"another family of chains":      {with(t, good.body(), "solana:1", "paymentRequirements", "network"), 200, x402.ErrInvalidNetwork},
		"a chain that is not here":      {with(t, with(t, good.body(), "eip155:1", "paymentRequirements", "network"), "eip155:1", "paymentPayload", "accepted", "network"), 200, x402.ErrInvalidNetwork},
		"another chain than the terms":  {with(t, good.body(), "eip155:1", "paymentPayload", "accepted", "network"), 200, x402.ErrExactNetworkMismatch},
		"another scheme than the terms": {with(t, permit, "upto", "paymentRequirements", "scheme"), 400, x402.ErrPaymentRequirements},
		"terms of 2^64":                 {with(t, good.body(), "18446744073709551616", "paymentRequirements", "amount"), 400, x402.ErrPaymentRequirements},
		"half a signature":              {with(t, good.body(), "0x123", "paymentPayload", "payload", "signature"), 200, x402.ErrExactSignatureForm},
		"a signature of nobody":         {with(t, good.body(), "0x"+strings.Repeat("11", 65), "paymentPayload", "payload", "signature"), 200, x402.ErrExactSignature},
		"another amount":                {with(t, good.body(), "1", "paymentRequirements", "amount"), 200, x402.ErrExactValueMismatch},
		"another payee":                 {with(t, good.body(), stranger, "paymentRequirements", "payTo"), 200, x402.ErrExactRecipientMismatch},
		"no domain":                     {with(t, good.body(), object{}, "paymentRequirements", "extra"), 200, x402.ErrExactMissingEIP712Domain},
		"another name of the token":     {with(t, good.body(), object{"name": "X", "version": "2"}, "paymentRequirements", "extra"), 200, x402.ErrExactTokenNameMismatch},
		"another version of the token":  {with(t, good.body(), object{"name": w.token[base].Name, "version": "9"}, "paymentRequirements", "extra"), 200, x402.ErrExactTokenVersionMismatch},
		"a token that is none":          {with(t, good.body(), stranger, "paymentRequirements", "asset"), 200, x402.ErrAssetNotContract},
		"too late":                      {late, 200, x402.ErrExactValidBefore},
		"too early":                     {early, 200, x402.ErrExactValidAfter},
		"for ever":                      {ever, 200, x402.ErrExactValidBefore},
		"more than the payer has":       {spent, 200, x402.ErrExactInsufficientBalance},
		"Permit2 without approval":      {permit, 200, x402.ErrTransferPermit2AllowanceRequired},
		"upto for another to send":      {elsewhere, 200, x402.ErrUptoFacilitatorMismatch},
		"version 1 on no chain":         {with(t, one, "nowhere", "paymentRequirements", "network"), 200, x402.ErrInvalidNetwork},
		"version 1 of another scheme":   {with(t, one, "upto", "paymentRequirements", "scheme"), 200, x402.ErrUnsupportedScheme},
		"version 1 without a domain":    {with(t, one, object{}, "paymentRequirements", "extra"), 200, x402.ErrExactMissingEIP712Domain},
		"version 1 of another amount":   {with(t, one, "1", "paymentRequirements", "maxAmountRequired"), 200, x402.ErrExactValueMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			v := w.post("/verify", c.body)
			if v.Status != c.status || v.IsValid || v.InvalidReason != string(c.code) || v.InvalidMessage == "" {
				t.Errorf("verify answers %+v, want %d %s", v, c.status, c.code)
			}
			s := w.post("/settle", c.body)
			if s.Status != c.status || s.Success || s.ErrorReason != string(c.code) || s.Transaction != "" {
				t.Errorf("settle answers %+v, want %d %s", s, c.status, c.code)
			}
		})
	}
	if paid := w.paid(base); paid != 0 {
		t.Errorf("the payee has %s", paid)
	}
	if stats := w.Stats()["eip155:84532"]; stats.Sent != 0 || stats.Waiting+stats.Resting != 0 {
		t.Errorf("%d transactions were sent, and %d payments are to be tried again", stats.Sent, stats.Waiting+stats.Resting)
	}
	w.settles(good.body())
}

func TestAPaymentThatWasRefusedIsNotSettledBehindItsServersBack(t *testing.T) {
	w := newWorld(t, 1, base).open()
	payer := w.payer(base, "poor", 0)
	body := w.signed(base, payer, usdc).body()
	if r := w.post("/settle", body); r.ErrorReason != string(x402.ErrExactInsufficientBalance) {
		t.Fatalf("settle answers %+v", r)
	}
	w.payer(base, "poor", usdc)
	w.settles(w.signed(base, w.payer(base, "another", usdc), usdc).body())
	if stats := w.Stats()["eip155:84532"]; stats.Resting != 0 || w.paid(base) != usdc {
		t.Errorf("%d payments are tried again, the payee has %s", stats.Resting, w.paid(base))
	}
	w.settles(body) // its server may ask again
}

func TestAnAmountBelowTheCeilingIsSettledOnce(t *testing.T) {
	w := newWorld(t, 1, base).open()
	payer := w.payer(base, "one", usdc)
	w.approves(base, payer)
	signed := w.signed(base, payer, usdc, upTo(w.options.Chains[0].Keys[0].Address()))
	settled := func(amount string) object { return with(t, signed.body(), amount, "paymentRequirements", "amount") }
	for amount, code := range map[string]x402.ErrorCode{"1000001": x402.ErrUptoExceedsAmount, "2": x402.ErrTransferPermit2AmountMismatch} {
		path := "/settle"
		if amount == "2" {
			path = "/verify"
		}
		if r := w.post(path, settled(amount)); r.ErrorReason+r.InvalidReason != string(code) {
			t.Errorf("%s of %s answers %+v", path, amount, r)
		}
	}
	if r := w.post("/settle", settled("0")); !r.Success || r.Transaction != "" || r.Amount != "0" {
		t.Errorf("to settle nothing answers %+v", r)
	}
	w.settles(settled("300000"))
	if r := w.post("/settle", settled("400000")); r.Success || r.ErrorReason != string(x402.ErrTransferPermit2InvalidNonce) {
		t.Errorf("to settle it over another amount answers %+v", r)
	}
	if paid := w.paid(base); paid != 300_000 {
		t.Errorf("the payee has %s", paid)
	}
}

// guard is an access of two keys.
type guard struct {
	calls int // that each may have

	mu    sync.Mutex // guards what follows
	seen  map[string]int
	held  map[string]uint64
	used  map[string]uint64
	spent map[string]uint64
}

type guarded struct {
	*guard
	name string
}

func newGuard() *guard {
	return &guard{calls: 100, seen: map[string]int{}, held: map[string]uint64{}, used: map[string]uint64{}, spent: map[string]uint64{}}
}

func (g *guard) Admit(r *http.Request) (facilitator.Caller, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name := r.Header.Get("Authorization")
	if name == "" {
		return nil, facilitator.ErrUnauthorized
	}
	if name == "broken" {
		return nil, errors.New("the secret of it")
	}
	if g.seen[name]++; g.seen[name] > g.calls {
		return nil, &facilitator.LimitError{What: "calls", RetryAfter: 1500 * 1e6}
	}
	return guarded{g, name}, nil
}

func (g *guard) Spent(caller, network string, gas uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spent[caller] += gas
}

func (g guarded) Name() string { return g.name }

func (g guarded) Reserve(network string, gas uint64) (func(uint64), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.name == "poor" {
		return nil, &facilitator.LimitError{What: "gas"}
	}
	g.held[g.name] += gas
	return func(used uint64) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held[g.name] -= gas
		g.used[g.name] += used
	}, nil
}

func (g guarded) SignsFor(receiver common.Address) bool { return g.name == "shop" }

func TestACallerPaysForItsGasAndIsBoundByItsLimits(t *testing.T) {
	w := newWorld(t, 1, base)
	access := newGuard()
	w.options.Access = access
	var mu sync.Mutex
	told := map[string]int{}
	w.options.Served = func(e facilitator.Event) {
		mu.Lock()
		defer mu.Unlock()
		told[fmt.Sprint(e.Path, " ", e.Status, " ", e.Caller, " ", e.Scheme, " ", e.Network, " ", e.Refused)]++
	}
	w.open()
	body := w.signed(base, w.payer(base, "one", usdc), usdc/10).body()
	for caller, status := range map[string]int{"": 401, "broken": 500, "poor": 429} {
		if r := w.post("/settle", body, "Authorization", caller); r.Status != status || r.Success || strings.Contains(r.ErrorMessage, "secret") {
			t.Errorf("%q gets %+v", caller, r)
		}
	}
	if r := w.post("/settle", body, "Authorization", "shop"); !r.Success {
		t.Errorf("settle answers %+v", r)
	}
	refused := w.signed(base, w.payer(base, "nothing", 0), usdc).body()
	if r := w.post("/settle", refused, "Authorization", "shop"); r.Success {
		t.Errorf("settle answers %+v", r)
	}
	access.mu.Lock()
	used := access.used["shop"]
	if access.held["shop"] != 0 || used < 50_000 || used > 120_000 {
		t.Errorf("%d gas is set aside, %d was used", access.held["shop"], used)
	}
	access.calls = 0
	access.mu.Unlock()
	if r := w.post("/verify", body, "Authorization", "shop"); r.Status != http.StatusTooManyRequests {
		t.Errorf("verify answers %+v", r)
	}
	mu.Lock()
	defer mu.Unlock()
	for event, n := range map[string]int{
		"/settle 401    ": 1, "/settle 429 poor exact eip155:84532 facilitator_limit": 1, "/settle 200 shop exact eip155:84532 ": 1, "/verify 429    ": 1,
	} {
		if told[event] != n {
			t.Errorf("%q was told %d times, of %v", event, told[event], maps.Clone(told))
		}
	}
}

func TestOneCallerHasNoMoreUnderWayThanItMay(t *testing.T) {
	w := newWorld(t, 1, other)
	w.options.Limits.CallerWaiting = 2
	w.open()
	bodies := make([]object, 6)
	for i := range bodies {
		bodies[i] = w.signed(other, w.payer(other, fmt.Sprint(i), usdc), usdc).body()
	}
	control := func(method string, args ...any) {
		if err := other.Control(context.Background(), method, args...); err != nil {
			t.Error(err)
		}
	}
	control("evm_setAutomine", false)
	mined := sync.OnceFunc(func() {
		control("evm_setAutomine", true)
		control("anvil_mine", 1)
	})
	defer mined()
	answers := make(chan reply, len(bodies))
	for _, body := range bodies {
		go func() { answers <- w.post("/settle", body) }()
	}
	for range len(bodies) - 2 {
		if r := <-answers; r.Status != http.StatusTooManyRequests || r.ErrorReason != "facilitator_limit" {
			t.Errorf("settle answers %+v", r)
		}
	}
	mined()
	for range 2 {
		if r := <-answers; !r.Success {
			t.Errorf("settle answers %+v", r)
		}
	}
	if w.Met()["callerWaiting"] == 0 {
		t.Error("the limit was not counted")
	}
}

func TestWhatIsServedIsListed(t *testing.T) {
	w := newWorld(t, 2, base, other)
	w.options.Chains[0].LowGas = new(big.Int).Mul(big.NewInt(2), big.NewInt(1e18))
	w.open()
	body := w.signed(base, w.payer(base, "one", usdc), usdc/10)
	body.resource = object{"url": "https://shop.example/report?day=1", "description": "a report"}
	body.extensions = object{"bazaar": object{"info": object{"input": object{"type": "http", "method": "GET"}}}}
	w.settles(body.body())
	w.close()
	w.open()
	_, supported := w.get("/supported")
	ways := map[string]int{}
	for _, k := range supported["kinds"].([]any) {
		ways[fmt.Sprint(k.(object)["x402Version"], k.(object)["scheme"], k.(object)["network"])]++
	}
	for _, way := range []string{"2exacteip155:84532", "1exactbase-sepolia", "2uptoeip155:31337"} {
		if ways[way] != 1 {
			t.Errorf("%s is there %d times, of %v", way, ways[way], ways)
		}
	}
	if signers := supported["signers"].(object)["eip155:*"].([]any); len(signers) != 2 {
		t.Errorf("the signers are %v", signers)
	}
	for query, total := range map[string]float64{"": 1, "?type=http&limit=5": 1, "?type=mcp": 0, "?offset=1": 1, "?network=eip155:31337": 0} {
		status, page := w.get("/discovery/resources" + query)
		if status != 200 || page["pagination"].(object)["total"] != total {
			t.Errorf("%q lists %v", query, page)
		}
	}
	if _, page := w.get("/discovery/resources"); page["items"].([]any)[0].(object)["resource"] != "https://shop.example/report" {
		t.Errorf("the page is %v", page)
	}
	if status, _ := w.get("/discovery/resources?limit=x"); status != http.StatusBadRequest {
		t.Errorf("a limit that is no number answers %d", status)
	}
	for deadline := time.Now().Add(30 * time.Second); ; { // the balances are read beside
		status, health := w.get("/healthz")
		if status == 200 && health["status"] == "low gas" && len(health["chains"].([]any)) == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("its health is %d %v", status, health)
		}
	}
}
