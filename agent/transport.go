package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/x402"
)

// Transport is an [http.RoundTripper] that pays for what its requests cost, by the HTTP
// transport of x402: an [http.Client] with it pays, and so does every SDK that takes one.
// All servers share one policy, one book and one key; each has a channel of its own. It is
// safe for concurrent use.
//
// Who has not asked for money is sent requests as they are, and streams its answers. What a
// server that has asked answers from then on is read to its end first, of [Limits.Answer]
// bytes at most, and so is the body of every request, which may have to be sent again.
// Errors are those of [HTTPClient.Do]; [ReceiptOf] tells what an answer cost.
type Transport struct {
	options Options
	next    http.RoundTripper

	mu      sync.Mutex // guards what follows
	sellers map[string]*seller
}

// seller is a server that has asked for money.
type seller struct {
	mu     sync.Mutex // held while the client is opened
	client atomic.Pointer[HTTPClient]
}

// NewTransport returns a transport that pays by the options, and sends what costs nothing by
// next, nil for [http.DefaultTransport]. It connects to the chain when it is first asked for
// money. The caller closes it.
func NewTransport(o Options, next http.RoundTripper) *Transport {
	if next == nil {
		next = http.DefaultTransport
	}
	return &Transport{options: o, next: next, sellers: make(map[string]*seller)}
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := t.bodyOf(r)
	if err != nil {
		return nil, err
	}
	u, err := naming.Parse(r.URL.String())
	if err != nil {
		return nil, err
	}
	origin := naming.Origin(u)
	if !t.pays(origin) {
		response, err := t.next.RoundTrip(withBody(r, body))
		if err != nil || !asksForMoney(response, r.Header) {
			return response, err
		}
		_ = response.Body.Close() // the terms come again, to who pays them
	}
	client, err := t.client(r.Context(), origin)
	if err != nil {
		return nil, err
	}
	bought, receipt, err := client.Do(r.Context(), HTTPRequest{Method: r.Method, URL: r.URL.String(), Header: r.Header, Body: body})
	if err != nil {
		return nil, err
	}
	return bought.response(r, receipt), nil
}

// Close writes the book and closes the connections to all servers.
func (t *Transport) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for origin, s := range t.sellers {
		s.mu.Lock()
		if client := s.client.Load(); client != nil {
			errs = append(errs, client.Close())
		}
		s.mu.Unlock()
		delete(t.sellers, origin)
	}
	return errors.Join(errs...)
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] calls.
func (t *Transport) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

// pays says whether a server has a client. While none can be opened, because the chain is
// away, what costs nothing is had all the same.
func (t *Transport) pays(origin string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sellers[origin]
	return s != nil && s.client.Load() != nil
}

func (t *Transport) client(ctx context.Context, origin string) (*HTTPClient, error) {
	s, err := t.seller(origin)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if client := s.client.Load(); client != nil {
		return client, nil
	}
	client, err := NewHTTPClient(ctx, origin, t.options)
	if err != nil {
		return nil, err
	}
	client.passes = true // each place that is sent on to is asked, and paid, by its own name
	s.client.Store(client)
	return client, nil
}

func (t *Transport) seller(origin string) (*seller, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sellers[origin]
	if s != nil {
		return s, nil
	}
	if most := t.options.Limits.WithDefaults().Servers; len(t.sellers) >= most {
		return nil, dial.Over("Servers", most, fmt.Sprintf("%s is one server too many to pay", origin))
	}
	s = new(seller)
	t.sellers[origin] = s
	return s, nil
}

func (t *Transport) bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	most := t.options.Limits.WithDefaults().Answer
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	err = errors.Join(err, r.Body.Close())
	if err == nil && int64(len(body)) > most {
		err = dial.Over("Answer", most, "the body of the request, which is kept to be sent again, is longer")
	}
	return body, err
}

func withBody(r *http.Request, body []byte) *http.Request {
	sent := r.Clone(r.Context())
	if r.Body != nil {
		sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return sent
}

// asksForMoney says whether the answer to a request with these headers has terms that can be read. It keeps the body of one that has
// not.
func asksForMoney(r *http.Response, sent http.Header) bool {
	if r.StatusCode != http.StatusPaymentRequired {
		return false
	}
	begun, err := io.ReadAll(io.LimitReader(r.Body, x402.DefaultMaxBytes))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begun), r.Body), r.Body}
	_, none := words.OfResponse(r.Header, begun, sent)
	return err == nil && none == nil
}

type receiptKey struct{}

// response is an answer as [http.Client] gives it.
func (r *HTTPResponse) response(to *http.Request, receipt Receipt) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status)), StatusCode: r.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: r.Header,
		Body: io.NopCloser(bytes.NewReader(r.Body)), ContentLength: int64(len(r.Body)),
		Request: to.WithContext(context.WithValue(to.Context(), receiptKey{}, receipt)),
	}
}

// ReceiptOf tells what an answer cost that came by a [Transport], and false for one that was
// never paid for.
func ReceiptOf(r *http.Response) (Receipt, bool) {
	if r == nil || r.Request == nil {
		return Receipt{}, false
	}
	receipt, ok := r.Request.Context().Value(receiptKey{}).(Receipt)
	return receipt, ok && receipt.Paid
}
