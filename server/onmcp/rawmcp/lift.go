package rawmcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// LiftPayments takes the payment out of a tool call before next, an MCP server over
// HTTP, reads the call: such a server decodes every byte of a request many times, and
// most of a small call's bytes are its payment. The paywall puts it back, as a
// [json.RawMessage]. What is not plainly a call with one payment passes as it is. It also
// notes from where a request comes, for the limit of lookups.
//
// A guard of the paywall has it. A handler of the seller's own is as good without it, and slower.
func LiftPayments(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Body == nil {
			next.ServeHTTP(w, r)
			return
		}
		ctx := limits.WithNetwork(r)
		body, err := readBody(r)
		if err != nil {
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		payment, rest := liftPayment(body)
		if payment != nil {
			lifted := new(atomic.Pointer[liftedPayment])
			lifted.Store(payment)
			ctx = context.WithValue(ctx, liftedKey{}, lifted)
		}
		r = r.WithContext(ctx)
		r.ContentLength = int64(len(rest))
		r.Body = reading(r.Body, rest)
		next.ServeHTTP(w, r)
	})
}

// readBody returns what could be read of the body, also where it is an error.
func readBody(r *http.Request) ([]byte, error) {
	if held, ok := r.Body.(*door.Body); ok {
		return held.Bytes(), nil
	}
	const usual = 16 << 10
	body := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(max(r.ContentLength, 0), usual)))
	_, err := body.ReadFrom(r.Body)
	return body.Bytes(), err
}

// reading is a body in memory in the place of another one.
func reading(was io.ReadCloser, rest []byte) io.ReadCloser {
	held, ok := was.(*door.Body)
	if !ok {
		return io.NopCloser(bytes.NewReader(rest))
	}
	held.Replace(rest)
	return held
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// NamesPayment says whether a request has the name of a payment of x402 in it, in full or in the
// short form, wherever it is.
func NamesPayment(body []byte) bool {
	return bytes.Contains(body, paymentName) || bytes.Contains(body, shortName)
}

var (
	paymentName = []byte(`"` + x402.MetaPayment + `"`)
	shortName   = []byte(`"` + short.MetaPay + `"`)
	fullPath    = []string{"params", "_meta", x402.MetaPayment}
	shortPath   = []string{"params", "_meta", short.MetaPay}
)

// liftedPayment is a payment in either form, under its name in _meta.
type liftedPayment struct {
	name  string
	value json.RawMessage
}

// liftPayment returns the payment of a request in JSON, and the request without it. If
// there is none, if there may be two, or if the request is not JSON, the payment is nil
// and the request as it was.
func liftPayment(body []byte) (payment *liftedPayment, rest []byte) {
	full, brief := bytes.Contains(body, paymentName), bytes.Contains(body, shortName)
	if full == brief {
		return nil, body
	}
	callPath := fullPath
	if brief {
		callPath = shortPath
	}
	l := lifter{body: body, dec: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true))}
	if err := l.object(callPath); err != nil || l.value == nil {
		return nil, body
	}
	if _, err := l.dec.ReadToken(); err != io.EOF {
		return nil, body
	}
	rest = make([]byte, 0, len(body)-(l.to-l.from))
	return &liftedPayment{callPath[2], l.value}, append(append(rest, body[:l.from]...), body[l.to:]...)
}

// lifter looks for a value in JSON, and checks all of it but for names that are there
// twice and lead elsewhere: those are for whoever reads the request and the payment.
type lifter struct {
	body  []byte
	dec   *jsontext.Decoder
	value json.RawMessage
	// from and to are what to cut out: the member, and the comma that parts it from the
	// member before it, or after it if it is the first.
	from, to int
	// alone says that it is the only member of its object.
	alone bool
}

var errTwice = errors.New("the same name twice")

// object reads an object that the path leads through.
func (l *lifter) object(path []string) error {
	if l.dec.PeekKind() != '{' {
		return l.dec.SkipValue()
	}
	if _, err := l.dec.ReadToken(); err != nil {
		return err
	}
	seen, members := false, 0
	for first := true; l.dec.PeekKind() == '"'; first = false {
		members++
		from := int(l.dec.InputOffset())
		name, err := l.dec.ReadToken()
		if err != nil {
			return err
		}
		switch found := name.String() == path[0]; {
		case !found:
			err = l.dec.SkipValue()
		case seen:
			return errTwice
		case len(path) > 1:
			seen, err = true, l.object(path[1:])
			l.widen(from, first)
		default:
			seen, err = true, l.lift(from, first)
		}
		if err != nil {
			return err
		}
	}
	_, err := l.dec.ReadToken()
	l.alone = seen && len(path) == 1 && members == 1
	return err
}

// widen takes the object too whose only member was lifted, which is the last that was read
// and begins with its name at from: what is empty is decoded as often as what is not.
func (l *lifter) widen(from int, first bool) {
	if l.alone && l.value != nil {
		l.from, l.to = span(l.body, from, int(l.dec.InputOffset()), first)
	}
	l.alone = false
}

// lift reads the value of the member that begins at from, after the comma if there is
// one.
func (l *lifter) lift(from int, first bool) error {
	value, err := l.dec.ReadValue()
	if err != nil {
		return err
	}
	l.from, l.to = from, int(l.dec.InputOffset())
	l.value = l.body[l.to-len(value) : l.to]
	l.from, l.to = span(l.body, l.from, l.to, first)
	return nil
}

type liftedKey struct{}

// WithLifted is the call with the payment that was lifted out of it. It is there once:
// what a tool calls in its turn is not paid by it.
func WithLifted(ctx context.Context, req mcp.CallToolRequest) mcp.CallToolRequest {
	lifted, _ := ctx.Value(liftedKey{}).(*atomic.Pointer[liftedPayment])
	if lifted == nil {
		return req
	}
	payment := lifted.Swap(nil)
	if payment == nil {
		return req
	}
	meta := &mcp.Meta{AdditionalFields: map[string]any{payment.name: payment.value}}
	if was := req.Params.Meta; was != nil {
		meta.ProgressToken = was.ProgressToken
		maps.Copy(meta.AdditionalFields, was.AdditionalFields)
	}
	req.Params.Meta = meta
	return req
}
