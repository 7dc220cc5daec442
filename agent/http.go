package agent

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// headerState is the header by which that is asked for over plain HTTP.
const headerState = "Chit-State"

// headerReceipt is the header that has a signed receipt.
const headerReceipt = "Chit-Receipt"

// headerWithheld is on an answer that is withheld until it is known whether it was paid.
const headerWithheld = "Chit-Withheld"

// HTTPClient buys plain HTTP resources by the HTTP transport of x402. It is safe for
// concurrent use. Servers of that transport take deposits only with a request that is
// paid for: see [Options.TopUp].
type HTTPClient struct {
	holdings
	payer  *pay.Payer
	passes bool // redirects that come before a payment are answers
}

// HTTPRequest is what to ask for. Its body is kept, to be sent again with a payment.
type HTTPRequest struct {
	// Method is GET if it is empty.
	Method string
	// URL is absolute.
	URL    string
	Header http.Header
	Body   []byte
}

// HTTPResponse is what was answered.
type HTTPResponse struct {
	// Status is the code, such as 200.
	Status int
	Header http.Header
	Body   []byte
}

// NewHTTPClient returns a client of the server that a URL belongs to: budgets and the
// book go by its scheme and host. It connects to the chain. The caller closes it.
func NewHTTPClient(ctx context.Context, server string, o Options) (*HTTPClient, error) {
	u, err := naming.Parse(server)
	if err != nil {
		return nil, err
	}
	p, err := pay.Open(ctx, naming.Origin(u), o)
	if err != nil {
		return nil, err
	}
	p.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &HTTPClient{holdings: p, payer: p}, nil
}

// Close writes the book and closes the connections.
func (c *HTTPClient) Close() error { return c.payer.Close() }

// Do makes a request, and pays if it costs something. Errors are those of
// [Client.CallTool], or wrap [ErrURL]. An answer with a status of 300 or above costs
// nothing, unless its receipt says otherwise. No redirect is followed: one that comes
// before a payment is an error.
func (c *HTTPClient) Do(ctx context.Context, r HTTPRequest) (*HTTPResponse, Receipt, error) {
	var last *HTTPResponse
	receipt, err := c.payer.Buy(ctx, c.want(r, &last))
	if err != nil {
		return nil, receipt, fmt.Errorf("%s %s: %w", orElse(r.Method, http.MethodGet), naming.Server(r.URL), err)
	}
	return last, receipt, nil
}

// Refund asks the server for what is left in the channel that pays for a resource, or
// for amount (atomic units) if it is not zero. It fails while requests are in flight.
func (c *HTTPClient) Refund(ctx context.Context, r HTTPRequest, amount vouchers.Amount) (Moved, error) {
	var last *HTTPResponse
	moved, err := c.payer.Refund(ctx, c.want(r, &last), amount)
	if err != nil {
		return Moved{}, fmt.Errorf("refund: %w", err)
	}
	return moved, nil
}

// want is a request whose last answer is written to last.
func (c *HTTPClient) want(r HTTPRequest, last **HTTPResponse) *pay.Want {
	u, err := c.resource(r.URL)
	if err != nil {
		return &pay.Want{Send: func(context.Context, *words.Payment) (*pay.Answer, error) { return nil, err }}
	}
	w := &pay.Want{Name: naming.Resource(u)}
	w.Send = func(ctx context.Context, paid *words.Payment) (*pay.Answer, error) {
		response, err := c.exchange(ctx, u, r, paid)
		if err != nil {
			return nil, err
		}
		*last = response
		return response.answer(u, r.Header, paid)
	}
	w.Tell = func(ctx context.Context, order x402.StateOrder) (*x402.SettlementResponse, error) {
		return c.tell(ctx, u, r, order)
	}
	return w
}

// resource reads the URL of something that this client may pay for.
func (c *HTTPClient) resource(text string) (*url.URL, error) {
	u, err := naming.Parse(text)
	if err != nil {
		return nil, err
	}
	if origin := naming.Origin(u); origin != c.payer.Server {
		return nil, fmt.Errorf("%w: this client pays %s, not %s", policy.ErrTerms, c.payer.Server, origin)
	}
	return u, naming.Check(naming.Resource(u))
}

func (c *HTTPClient) exchange(ctx context.Context, u *url.URL, r HTTPRequest, paid *words.Payment) (*HTTPResponse, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Header != nil {
		request.Header = r.Header.Clone()
	}
	if paid != nil {
		name, value, err := paid.Header()
		if err != nil {
			return nil, err
		}
		request.Header.Set(name, value)
	}
	response, err := c.payer.HTTP.Do(request)
	if err != nil {
		return nil, pay.Unanswered(naming.Conceal(err, u.String(), naming.Resource(u)))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, pay.Unanswered(err)
	}
	if to, err := response.Location(); err == nil && paid == nil && !c.passes && response.StatusCode/100 == 3 {
		return nil, dial.NoRedirect(&http.Request{URL: to}, nil)
	}
	return &HTTPResponse{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// ofPlace says whether a receipt is for what is at a URL: by its path alone, or by a URL of
// which its seller may write the scheme and the host in another way than the payer dials them.
func ofPlace(u *url.URL, r *receipts.Signed) bool {
	place := cmp.Or(u.EscapedPath(), "/")
	if r.Resource == receipts.Cut(receipts.OfPath(place)) {
		return true
	}
	scheme, _, after, isURL := naming.Split(r.Resource)
	if !isURL || !naming.IsHTTP(scheme) {
		return false
	}
	rest := cmp.Or(after, "/")
	return rest == place || len(r.Resource) == receipts.MaxResource && strings.HasPrefix(place, rest)
}

// answer reads what concerns the payment. A status of 500 or above without a receipt
// leaves open whether the payment was taken.
func (r *HTTPResponse) answer(u *url.URL, sent http.Header, paid *words.Payment) (*pay.Answer, error) {
	a := &pay.Answer{Failed: r.Status >= http.StatusMultipleChoices, Paid: words.PaidIn(r.Header.Get(short.HeaderPaid)), Receipt: paid.ReceiptIn(r.Header)}
	if signed, err := receipts.ParseHeader(r.Header.Get(headerReceipt)); err == nil && ofPlace(u, signed) {
		a.Signed = signed
	}
	a.Withheld = r.isWithheld() && a.Receipt == nil && a.Paid == nil
	if r.Status != http.StatusPaymentRequired {
		return a, nil
	}
	asked, err := words.OfResponse(r.Header, r.Body, sent)
	if err != nil {
		return nil, errors.Join(policy.ErrTerms, err)
	}
	a.Ask(asked)
	if a.Receipt != nil && a.Receipt.ErrorReason != "" && a.Required.Error == "" {
		a.Required.Error, a.Required.ErrorMessage = a.Receipt.ErrorReason, a.Receipt.ErrorMessage
	}
	a.Receipt, a.Paid = nil, nil
	return a, nil
}

// isWithheld says whether the server asks to be asked again: it says so in chit's words, or as
// RFC 9110 has it.
func (r *HTTPResponse) isWithheld() bool {
	return r.Status == http.StatusServiceUnavailable && (r.Header.Get(headerWithheld) != "" || r.Header.Get("Retry-After") != "")
}

// Recover is [Client.Recover] for the channel that pays for a resource.
func (c *HTTPClient) Recover(ctx context.Context, r HTTPRequest) (Entry, error) {
	var last *HTTPResponse
	return c.payer.Recover(ctx, c.want(r, &last))
}

// tell asks for the state of a channel where a resource is that it pays for. Servers that
// do not know the header answer as they do to a request without a payment.
func (c *HTTPClient) tell(ctx context.Context, u *url.URL, r HTTPRequest, order x402.StateOrder) (*x402.SettlementResponse, error) {
	header, err := x402.EncodeHeader(&order)
	if err != nil {
		return nil, err
	}
	asking := HTTPRequest{Method: r.Method, Header: http.Header{}}
	if r.Header != nil {
		asking.Header = r.Header.Clone()
	}
	asking.Header.Set(headerState, header)
	response, err := c.exchange(ctx, u, asking, nil)
	if err != nil {
		return nil, err
	}
	return x402.DecodeHeader[x402.SettlementResponse](response.Header.Get(x402.HeaderPaymentResponse))
}
