package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// fault is something that an endpoint does to a request.
type fault string

const (
	honest    fault = "honest"
	dropped   fault = "dropped"             // the request never arrives, the connection ends
	unheard   fault = "answer dropped"      // the request is carried out, its answer is lost
	delayed   fault = "delayed"             // the answer takes a while
	twice     fault = "duplicated"          // the request is carried out twice
	stale     fault = "stale"               // the answer is an old one
	lied      fault = "wrong"               // the answer is that of another request
	throttled fault = "HTTP 429"            // too many requests
	broken    fault = "HTTP 502"            // a gateway in between fails
	cut       fault = "cut mid-response"    // the connection ends in the middle of the answer
	garbage   fault = "not JSON"            // the answer is a web page
	limited   fault = "JSON-RPC rate limit" // the request is refused for now
)

var faultKinds = []fault{dropped, unheard, delayed, twice, stale, lied, throttled, broken, cut, garbage, limited}

// proxy stands between a shop and its chain, and does to a part of the requests what
// it is told to.
type proxy struct {
	*httptest.Server
	target string

	mu      sync.Mutex // guards what follows
	kind    fault
	percent int
	random  *rand.Rand
	old     map[string]json.RawMessage // the first answer of each method since the fault began
	watch   func(method string, sent bool)
}

func newProxy(t testing.TB, target string, seed uint64) *proxy {
	p := &proxy{target: target, kind: honest, random: rand.New(rand.NewPCG(seed, seed))}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

// does makes the proxy do this to so many percent of the requests.
func (p *proxy) does(kind fault, percent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kind, p.percent, p.old = kind, percent, make(map[string]json.RawMessage)
}

// watches calls f before each request is passed on, and after.
func (p *proxy) watches(f func(method string, sent bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watch = f
}

func (p *proxy) choose() (fault, func(string, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	watch := p.watch
	if watch == nil {
		watch = func(string, bool) {}
	}
	if p.random.IntN(100) < p.percent {
		return p.kind, watch
	}
	return honest, watch
}

type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var request message
	if err := json.Unmarshal(body, &request); err != nil {
		http.Error(w, "one request at a time", http.StatusBadRequest)
		return
	}
	kind, watch := p.choose()
	watch(request.Method, false)
	defer watch(request.Method, true)
	switch kind {
	case dropped:
		panic(http.ErrAbortHandler)
	case throttled:
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	case broken:
		http.Error(w, "bad gateway", http.StatusBadGateway)
		return
	case limited:
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32005,"message":"limit exceeded"}}`, request.ID)
		return
	case twice:
		_, _ = p.pass(body)
	}
	answer, err := p.pass(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	p.answer(w, kind, request, answer)
}

func (p *proxy) pass(body []byte) ([]byte, error) {
	answer, err := http.Post(p.target, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return io.ReadAll(answer.Body)
}

func (p *proxy) answer(w http.ResponseWriter, kind fault, request message, answer []byte) {
	w.Header().Set("Content-Type", "application/json")
	switch kind {
	case unheard:
		panic(http.ErrAbortHandler)
	case delayed:
		time.Sleep(30 * time.Millisecond)
	case cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		_, _ = w.Write(answer[:len(answer)/2])
		panic(http.ErrAbortHandler)
	case garbage:
		answer = []byte("<html>It works!</html>")
	case stale, lied:
		answer = p.older(kind, request, answer)
	}
	_, _ = w.Write(answer)
}

// older answers with what the method was answered before: to this request if the
// answer is stale, to any other if it is wrong.
func (p *proxy) older(kind fault, request message, answer []byte) []byte {
	var fresh message
	if err := json.Unmarshal(answer, &fresh); err != nil || len(fresh.Result) == 0 {
		return answer
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := request.Method
	if kind == stale {
		switch request.Method {
		case "eth_blockNumber", "eth_getTransactionCount", "eth_getBlockByNumber":
		default:
			return answer
		}
	} else if request.Method != "eth_getTransactionReceipt" && request.Method != "eth_getBlockByNumber" {
		return answer
	}
	if p.old[key] == nil && string(fresh.Result) != "null" {
		p.old[key] = fresh.Result
	}
	if p.old[key] == nil {
		return answer
	}
	old, err := json.Marshal(message{Version: "2.0", ID: request.ID, Result: p.old[key]})
	if err != nil {
		return answer
	}
	return old
}
