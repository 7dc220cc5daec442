package facilitator

import (
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	v1 "github.com/chitpay/chit/x402/v1"
)

// request is what a server asks about: the body of POST /verify and POST /settle.
type request struct {
	// version is the x402Version, in whose words the answer is.
	version int
	// terms are what the payment has to fit: the server's. Where work is set they have no more than
	// the scheme and the chain.
	terms x402.Requirements
	// payment is what the payer has sent; nil where work is set.
	payment *x402.PaymentPayload
	// work is something that a server has done with its channels; nil is none.
	work *work
}

// envelope is a request as it comes.
type envelope struct {
	X402Version         jsontext.Value `json:"x402Version"`
	PaymentPayload      jsontext.Value `json:"paymentPayload"`
	PaymentRequirements jsontext.Value `json:"paymentRequirements"`
	Unknown             jsontext.Value `json:",embed"`
}

// readRequest decodes a body. A refusal says what of it cannot be read, or is not served by anybody.
func readRequest(body []byte, limits Limits) (*request, *terms.Refusal) {
	opts := x402.WithMaxBytes(int(limits.Body))
	e, err := x402.Read[envelope](body, []string{"paymentPayload", "paymentRequirements"}, opts)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	version, refused := e.version(opts)
	if refused != nil {
		return nil, refused
	}
	if version == v1.Version {
		return readV1(e, opts)
	}
	return readV2(e, limits.Claims, opts)
}

// version is that of the payment, which the envelope must not contradict.
func (e *envelope) version(opts x402.Option) (int, *terms.Refusal) {
	head, err := x402.Read[struct {
		X402Version jsontext.Value `json:"x402Version"`
		Unknown     jsontext.Value `json:",embed"`
	}](e.PaymentPayload, []string{"x402Version"}, opts)
	if err != nil {
		return 0, terms.Refuse(x402.ErrPayload, "paymentPayload: %v", err)
	}
	for _, version := range []int{v1.Version, x402.Version} {
		if said := fmt.Sprint(version); string(head.X402Version) == said && (e.X402Version == nil || string(e.X402Version) == said) {
			return version, nil
		}
	}
	return 0, terms.Refuse(x402.ErrX402Version, "the payment must be of x402Version 1 or 2, and the request of the same")
}

func readV1(e *envelope, opts x402.Option) (*request, *terms.Refusal) {
	required, err := v1.Decode[v1.Requirements](e.PaymentRequirements, opts)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPaymentRequirements, "paymentRequirements: %v", err)
	}
	r := &request{version: v1.Version, terms: x402.Requirements{Scheme: required.Scheme, Network: required.Network}}
	if required.Scheme != x402.SchemeExact {
		return r, terms.Refuse(x402.ErrUnsupportedScheme, "version 1 has the scheme exact alone")
	}
	way, err := required.V2()
	if err != nil {
		return r, terms.Refuse(x402.ErrInvalidNetwork, "%v", err)
	}
	paid, err := v1.Decode[v1.PaymentPayload](e.PaymentPayload, opts)
	if err != nil {
		return r, terms.Refuse(v1.CodeOf(err), "paymentPayload: %v", err)
	}
	if r.terms = way; paid.Network != required.Network {
		return r, terms.Refuse(x402.ErrExactNetworkMismatch, "the payment is on another network than the terms")
	}
	if way.Extra.Name == "" || way.Extra.Version == "" {
		return r, terms.Refuse(x402.ErrExactMissingEIP712Domain, "the terms do not name the token's EIP-712 domain")
	}
	if r.payment, err = paid.V2(way); err != nil {
		return r, terms.Refuse(x402.ErrUnsupportedScheme, "%v", err)
	}
	return r, nil
}

// head is what the terms of every scheme have.
type head struct {
	Scheme  string         `json:"scheme"`
	Network string         `json:"network"`
	Unknown jsontext.Value `json:",embed"`
}

func readV2(e *envelope, claims int, opts x402.Option) (*request, *terms.Refusal) {
	of, err := x402.Read[head](e.PaymentRequirements, []string{"scheme", "network"}, opts)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPaymentRequirements, "paymentRequirements: %v", err)
	}
	r := &request{version: x402.Version, terms: x402.Requirements{Scheme: of.Scheme, Network: of.Network}}
	if _, err := x402.ParseNetwork(of.Network); err != nil {
		return r, terms.Refuse(x402.ErrInvalidNetwork, "%v", err)
	}
	switch of.Scheme {
	case x402.SchemeExact, x402.SchemeUpto:
	case x402.SchemeBatchSettlement:
		if w, refused := readWork(e, claims, opts); w != nil || refused != nil {
			r.work = w
			return r, refused
		}
	default:
		return r, terms.Refuse(x402.ErrUnsupportedScheme, "the scheme is none of exact, upto and batch-settlement")
	}
	if r.payment, err = x402.DecodePaymentPayload(e.PaymentPayload, opts); err != nil {
		return r, terms.Refuse(codeOf(of.Scheme, err), "paymentPayload: %v", err)
	}
	if err := json.Unmarshal(e.PaymentRequirements, &r.terms); err != nil {
		return r, terms.Refuse(x402.ErrPaymentRequirements, "paymentRequirements: %v", err)
	}
	return r, r.agree()
}

// codeOf is [x402.CodeOf] for a payment that has to be of a scheme.
func codeOf(scheme string, err error) x402.ErrorCode {
	code := x402.CodeOf(err)
	if own, ok := codes[scheme][code]; ok {
		return own
	}
	return code
}

// codes are those of a scheme for what batch-settlement has a code of its own for.
var codes = map[string]map[x402.ErrorCode]x402.ErrorCode{
	x402.SchemeExact: {x402.ErrScheme: x402.ErrExactScheme, x402.ErrNetworkMismatch: x402.ErrExactNetworkMismatch},
	x402.SchemeUpto:  {x402.ErrScheme: x402.ErrUptoScheme, x402.ErrNetworkMismatch: x402.ErrUptoNetworkMismatch},
}

// agree refuses a payment that was made for another scheme or chain than the terms are of.
func (r *request) agree() *terms.Refusal {
	accepted := &r.payment.Accepted
	of := func(code x402.ErrorCode) x402.ErrorCode {
		if own, ok := codes[r.terms.Scheme][code]; ok {
			return own
		}
		return code
	}
	switch {
	case !r.terms.Supported():
		return terms.Refuse(x402.ErrPaymentRequirements, "the terms have values that no payment can have, or lack what their scheme needs")
	case accepted.Scheme != r.terms.Scheme:
		return terms.Refuse(of(x402.ErrScheme), "the payment is of the scheme %s, the terms are of %s", accepted.Scheme, r.terms.Scheme)
	case accepted.Network != r.terms.Network:
		return terms.Refuse(of(x402.ErrNetworkMismatch), "the payment is on %s, the terms are for %s", accepted.Network, r.terms.Network)
	}
	return nil
}
