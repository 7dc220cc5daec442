package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// office is a facilitator on a local chain, with the config it runs by.
type office struct {
	home
	t       testing.TB
	file    string
	url     string
	client  *chain.Client
	token   funding.Token
	payee   common.Address
	daemon  *daemon
	secrets map[string]string
}

// newOffice starts a chain, and makes a key for each name; its entry in the config ends with the limits.
func newOffice(t testing.TB, limits map[string]string) *office {
	t.Helper()
	o := &office{home: newHome(t), t: t, payee: newKey(t, t.Name()).Address(), secrets: make(map[string]string)}
	o.start(t, "is ready", "dev", "--port", "0")
	var url, token string
	o.editProfile(t, func(text string) string {
		for key, to := range map[string]*string{"rpc: ": &url, "token: ": &token} {
			_, rest, _ := strings.Cut(text, key)
			line, _, _ := strings.Cut(rest, "\n")
			*to = strings.Trim(line, `"'`)
		}
		return text
	})
	var err error
	if o.client, err = chain.Dial(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.client.Close)
	if o.token, err = funding.ReadToken(t.Context(), o.client, common.HexToAddress(token)); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	o.url = "http://" + address
	text := fmt.Sprintf("listen: %s\nchains:\n- {network: %q, rpc: [%q], keys: ['dev:5', 'dev:6'], lowGas: 0.1}\nlimits: {wait: 2s}\nkeys:\n", address, o.client.Network(), url)
	for name, limit := range limits {
		made := decode[struct{ Name, Key, Hash string }](t, o.ok(t, "facilitator", "key", name, "--json"))
		o.secrets[name] = made.Key
		text += fmt.Sprintf("- {name: %q, hash: %q%s}\n", made.Name, made.Hash, limit)
	}
	o.file = config(t, text)
	return o
}

// opens runs the facilitator.
func (o *office) opens() {
	o.t.Helper()
	o.daemon = o.start(o.t, "settling on", "facilitator", "--config", o.file)
}

// kill is kill -9.
func (o *office) kill() {
	o.t.Helper()
	if err := o.daemon.command.Process.Signal(syscall.SIGKILL); err != nil {
		o.t.Fatal(err)
	}
	_ = o.daemon.command.Wait()
}

// pays is the body by which a server has a payment settled.
func (o *office) pays(amount vouchers.Amount) []byte {
	o.t.Helper()
	payer := keys.Dev(devnet.Payer)
	p := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: o.client.ChainID(), Token: o.token.Address, From: payer.Address(), To: o.payee, Value: amount,
		ValidBefore: uint64(time.Now().Add(10 * time.Minute).Unix()), Nonce: transfer.NewNonce(),
	}
	if err := p.Sign(o.t.Context(), payer, o.token); err != nil {
		o.t.Fatal(err)
	}
	terms := map[string]any{
		"scheme": "exact", "network": o.client.Network(), "amount": amount.Atomic(), "asset": p.Token, "payTo": p.To, "maxTimeoutSeconds": 300,
		"extra": map[string]string{"name": o.token.Name, "version": o.token.Version},
	}
	raw, err := json.Marshal(map[string]any{"x402Version": 2, "paymentRequirements": terms, "paymentPayload": map[string]any{
		"x402Version": 2, "accepted": terms, "payload": map[string]any{"signature": p.Signature, "authorization": map[string]any{
			"from": p.From, "to": p.To, "value": p.Value.Atomic(), "validAfter": "0", "validBefore": fmt.Sprint(p.ValidBefore), "nonce": p.Nonce,
		}},
	}})
	if err != nil {
		o.t.Fatal(err)
	}
	return raw
}

// asks sends a request with the key of a name.
func (o *office) asks(name, path string, body []byte) (status int, header http.Header, text string) {
	o.t.Helper()
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.url+path, bytes.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if secret := o.secrets[name]; secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(answer)
}

func (o *office) paid() vouchers.Amount {
	o.t.Helper()
	balance, err := o.token.Balance(o.t.Context(), o.client, o.payee)
	if err != nil {
		o.t.Fatal(err)
	}
	return balance
}

func TestAFacilitatorThatIsKilledGivesTheSameAnswerAndPaysOnce(t *testing.T) {
	o := newOffice(t, map[string]string{"shop": ""})
	o.ok(t, "facilitator", "check", "--config", o.file)
	o.opens()
	settled := o.pays(10_000)
	status, _, first := o.asks("shop", "/settle", settled)
	if status != http.StatusOK || !strings.Contains(first, `"success":true`) {
		t.Fatalf("settle answers %d %s", status, first)
	}
	o.rpc(t, nil, "evm_setAutomine", false)
	waiting := o.pays(20_000)
	if _, _, answer := o.asks("shop", "/settle", waiting); !strings.Contains(answer, "settlement_pending") {
		t.Errorf("a payment that is in no block is answered by %s", answer)
	}
	o.kill()
	o.opens()
	o.rpc(t, nil, "evm_setAutomine", true)
	o.rpc(t, nil, "evm_mine")
	if status, _, again := o.asks("shop", "/settle", settled); status != http.StatusOK || again != first {
		t.Errorf("after the kill it answers %d %s, and before it was %s", status, again, first)
	}
	for range 10 {
		_, _, answer := o.asks("shop", "/settle", waiting)
		if strings.Contains(answer, `"success":true`) {
			break
		}
		if !strings.Contains(answer, "settlement_pending") {
			t.Fatalf("the payment under way is answered by %s", answer)
		}
	}
	if o.paid() != 30_000 {
		t.Errorf("the payee has %s", o.paid())
	}
	if code := o.daemon.interrupt(t); code != 0 {
		t.Errorf("it ends with %d\n%s", code, o.daemon.out)
	}
	if log := o.daemon.out.String(); strings.Contains(log, o.secrets["shop"]) {
		t.Errorf("the key is in the log:\n%s", log)
	}
}

func TestTheLimitsOfAKeyAreKept(t *testing.T) {
	o := newOffice(t, map[string]string{"calls": ", callsPerDay: 1", "gas": ", gasPerDay: 100000"})
	o.opens()
	if status, header, _ := o.asks("nobody", "/supported", nil); status != http.StatusUnauthorized || header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without a key: %d %v", status, header)
	}
	if status, _, text := o.asks("calls", "/supported", nil); status != http.StatusOK || !strings.Contains(text, o.client.Network()) {
		t.Errorf("the first call: %d %s", status, text)
	}
	if status, header, text := o.asks("calls", "/supported", nil); status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.Contains(text, "callsPerDay") {
		t.Errorf("the second call: %d %v %s", status, header, text)
	}
	var status int
	var text string
	for range 3 {
		if status, _, text = o.asks("gas", "/settle", o.pays(1_000)); status != http.StatusOK {
			break
		}
	}
	if status != http.StatusTooManyRequests && status != http.StatusForbidden || !strings.Contains(text, "gasPerDay") {
		t.Errorf("the gas of a day: %d %s", status, text)
	}
	if status, _, _ := o.asks("nobody", "/healthz", nil); status != http.StatusOK {
		t.Errorf("health: %d", status)
	}
}

func TestTheMetricsTellOfASettlement(t *testing.T) {
	o := newOffice(t, map[string]string{"shop": "", "prometheus": ", metrics: true"})
	o.opens()
	if status, _, text := o.asks("shop", "/settle", o.pays(10_000)); status != http.StatusOK || !strings.Contains(text, `"success":true`) {
		t.Fatalf("settle answers %d %s", status, text)
	}
	if status, _, text := o.asks("shop", "/settle", []byte("{}")); status != http.StatusBadRequest {
		t.Fatalf("what is no payment is answered by %d %s", status, text)
	}
	if status, _, text := o.asks("shop", "/metrics", nil); status != http.StatusForbidden || strings.Contains(text, "chit_facilitator") {
		t.Errorf("a key that does not read them gets %d %s", status, text)
	}
	// What a key has used and what a sender has are told a moment after the answer.
	var missed []string
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		status, header, text := o.asks("prometheus", "/metrics", nil)
		if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4") {
			t.Fatalf("the answer is %d %v", status, header)
		}
		if missed = o.missed(text); len(missed) == 0 {
			return
		}
	}
	t.Errorf("the metrics of a settlement are not there: %q", missed)
}

// missed are the lines that metrics lack after one settlement of the shop, and one request that was none.
func (o *office) missed(text string) (missed []string) {
	network := fmt.Sprintf("network=%q", o.client.Network())
	for _, line := range []string{
		`requests_total{` + network + `,outcome="ok",path="/settle",scheme="exact"} 1`,
		`requests_total{network="",outcome="invalid_payload",path="/settle",scheme=""} 1`,
		`request_duration_seconds_count{path="/settle"} 2`,
		`transfers_waiting{` + network + `} 0`,
		`transfers_settled_total{` + network + `} 1`,
		`transactions_total{` + network + `} 1`,
	} {
		if !strings.Contains(text, "\nchit_facilitator_"+line+"\n") {
			missed = append(missed, line)
		}
	}
	for series, least := range map[string]float64{
		`key_gas_used_total{key="shop",` + network + `} `:                                 21_000,
		`transactions_gas_total{` + network + `} `:                                        21_000,
		`transactions_fee_wei_total{` + network + `} `:                                    21_000,
		fmt.Sprintf(`sender_balance_wei{address=%q,%s} `, keys.Dev(5).Address(), network): 1e18,
	} {
		_, rest, _ := strings.Cut(text, "\nchit_facilitator_"+series)
		value, _, _ := strings.Cut(rest, "\n")
		if got, err := strconv.ParseFloat(value, 64); err != nil || got < least {
			missed = append(missed, fmt.Sprintf("%s%s, at least %g", series, value, least))
		}
	}
	return missed
}

func TestABadFacilitatorConfigIsRefused(t *testing.T) {
	h := newHome(t)
	const chains = "chains:\n- {network: 'eip155:31337', rpc: ['http://127.0.0.1:1'], keys: ['dev:5']}\n"
	for name, c := range map[string]struct {
		text, says string
		code       int
	}{
		"a setting that is none":    {chains + "chain: 1\n", ":3: chain: there is no such setting", 1},
		"strangers without keys":    {chains + "listen: '0.0.0.0:0'\n", ":3: listen: ", 1},
		"a chain that is away":      {chains + "listen: '127.0.0.1:0'\n", "chains: eip155:31337: ", 1},
		"a key that is not there":   {strings.Replace(chains, "dev:5", "env:NO_SUCH_KEY", 1) + "listen: '127.0.0.1:0'\n", "keys[0]: ", 1},
		"a dev key that is no such": {strings.Replace(chains, "dev:5", "dev:99", 1) + "listen: '127.0.0.1:0'\n", "dev:0 to dev:9", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.run(t, "facilitator", "--config", config(t, c.text))
			if got.code != c.code || !strings.Contains(got.stderr, c.says) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("answered %+v, want %q", got, c.says)
			}
		})
	}
	if none := h.run(t, "facilitator"); none.code != 2 || !strings.Contains(none.stderr, "--config FILE") {
		t.Errorf("without a file: %+v", none)
	}
	if bad := h.run(t, "facilitator", "key", "a b"); bad.code != 2 || !strings.Contains(bad.stderr, "not a name") {
		t.Errorf("a name that is none: %+v", bad)
	}
}
