package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// wire lies between the agents and the server. It remembers every payment that was
// sent and the answer that came back, if one did; where none did, the agent sees
// its connection break as it would without the wire.
type wire struct {
	t      testing.TB
	server string // URL of the MCP endpoint behind it
	http   *http.Client

	mu   sync.Mutex // guards what follows
	sent map[string]*payment
	fuse fuse
}

// payment is a paid call on the wire.
type payment struct {
	header  http.Header // of the request
	request []byte
	channel vouchers.ChannelID
	ceiling vouchers.Amount
	price   vouchers.Amount
	answer  *answer // nil if none came
}

// answer is what a paid call came to. Amounts are atomic units; both are 0 for a
// call that was refused or has failed, which is never charged.
type answer struct {
	result              any // the JSON of the tool's result
	charged, cumulative vouchers.Amount
}

// fuse burns down with the traffic.
type fuse struct {
	requests, answers int // how many of either are left until blow is called; negative is never
	blow              func()
}

func newWire(t testing.TB, server string) (*wire, string) {
	w := &wire{t: t, server: server, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, sent: map[string]*payment{}}
	local := httptest.NewServer(w)
	t.Cleanup(func() {
		local.CloseClientConnections()
		local.Close()
		w.http.CloseIdleConnections()
	})
	return w, local.URL
}

// light makes the wire call blow in the middle of the traffic to come.
func (w *wire) light(f fuse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fuse = f
}

// take returns the payments since the last take.
func (w *wire) take() map[string]*payment {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.sent
	w.sent = map[string]*payment{}
	return taken
}

// ServeHTTP implements http.Handler.
func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	identifier, p, err := paymentIn(body)
	if err != nil {
		w.t.Error(err)
		panic(http.ErrAbortHandler)
	}
	if p != nil {
		p.header = r.Header
		w.saw(identifier, p)
	}
	status, header, raw, err := w.pass(r.Method, r.Header, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if p != nil {
		if err := w.heard(identifier, raw); err != nil {
			w.t.Error(err)
			panic(http.ErrAbortHandler)
		}
	}
	for name, values := range header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(status)
	_, _ = rw.Write(raw) // the agent has gone: it will not count the answer
}

// pass takes a request to the server and brings back its whole answer.
func (w *wire) pass(method string, header http.Header, body []byte) (int, http.Header, []byte, error) {
	r, err := http.NewRequest(method, w.server, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header = header.Clone()
	resp, err := w.http.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, raw, err
}

func (w *wire) saw(identifier string, p *payment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent[identifier] == nil { // an agent that hears nothing sends it again
		w.sent[identifier] = p
	}
	if w.fuse.requests--; w.fuse.requests == 0 {
		w.fuse.blow()
	}
}

func (w *wire) heard(identifier string, raw []byte) error {
	a, err := answerIn(raw)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.sent[identifier]
	if p.answer != nil && !p.answer.isUnpaid() && !reflect.DeepEqual(p.answer, a) {
		return fmt.Errorf("payment %s was answered with %v, and then with %v", identifier, p.answer, a)
	}
	p.answer = a
	if w.fuse.answers--; w.fuse.answers == 0 {
		w.fuse.blow()
	}
	return nil
}

// replay sends a payment once more, byte by byte.
func (w *wire) replay(p *payment) (*answer, error) {
	_, _, raw, err := w.pass(http.MethodPost, p.header, p.request)
	if err != nil {
		return nil, err
	}
	return answerIn(raw)
}

// paymentIn reads the paid call in a request, nil if it is anything else.
func paymentIn(body []byte) (identifier string, p *payment, err error) {
	var call struct {
		Method string
		Params struct {
			Meta map[string]any `json:"_meta"`
		}
	}
	if len(body) == 0 {
		return "", nil, nil
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return "", nil, fmt.Errorf("%w in the request %s", err, body)
	}
	value, paid := call.Params.Meta[x402.MetaPayment]
	text, shortly := call.Params.Meta[short.MetaPay].(string)
	if call.Method != string(mcp.MethodToolsCall) || !paid && !shortly {
		return "", nil, nil
	}
	if shortly {
		brief, err := short.Parse(text)
		if err != nil {
			return "", nil, err
		}
		return brief.Identifier, &payment{request: body, channel: brief.Channel, ceiling: brief.Ceiling, price: brief.Amount}, nil
	}
	payload, err := x402.DecodeValue[x402.PaymentPayload](value)
	if err != nil {
		return "", nil, err
	}
	voucher, ok := payload.Payload.(*x402.VoucherPayload)
	if !ok {
		return "", nil, nil
	}
	if identifier, err = extension.PaymentIdentifier(payload.Extensions); err != nil {
		return "", nil, err
	}
	return identifier, &payment{request: body, channel: voucher.Voucher.ChannelID, ceiling: voucher.Voucher.MaxClaimableAmount, price: payload.Accepted.Amount}, nil
}

// refused says that the call was not paid.
func (a *answer) refused() bool {
	result, _ := a.result.(map[string]any)
	return result["isError"] == true && a.charged == 0
}

// isUnpaid says that the payment itself was refused, which an order beside it may change.
func (a *answer) isUnpaid() bool {
	result, _ := a.result.(map[string]any)
	terms, _ := result["structuredContent"].(map[string]any)
	return a.refused() && terms["accepts"] != nil
}

func answerIn(raw []byte) (*answer, error) {
	var response struct {
		Result map[string]any
	}
	if err := json.Unmarshal(raw, &response); err != nil {
		return nil, fmt.Errorf("%w in the answer %q", err, raw)
	}
	if response.Result == nil {
		return nil, fmt.Errorf("no result in the answer %s", raw)
	}
	a := &answer{result: response.Result}
	meta, _ := response.Result["_meta"].(map[string]any)
	var err error
	if a.charged, err = chargedIn(meta); err != nil {
		return nil, err
	}
	if a.charged > 0 {
		word, _ := meta[onmcp.MetaReceipt].(string)
		signed, err := receipts.ParseWire(word)
		if err != nil {
			return nil, err
		}
		a.cumulative = signed.Cumulative
	}
	return a, nil
}

// chargedIn is what an answer says that it was charged.
func chargedIn(meta map[string]any) (vouchers.Amount, error) {
	if text, shortly := meta[short.MetaPaid].(string); shortly {
		told, err := short.ParsePaid(text)
		return told.Charged, err
	}
	value, receipted := meta[x402.MetaPaymentResponse]
	if !receipted {
		return 0, nil
	}
	receipt, err := x402.DecodeValue[x402.SettlementResponse](value)
	if err != nil {
		return 0, err
	}
	return *receipt.Extra.ChargedAmount, nil
}
