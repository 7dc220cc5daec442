package v1

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/chitpay/chit/x402"
)

// Terms are those ways of a seller's terms that version 1 has: exact by EIP-3009, on chains whose
// names every wallet of version 1 knows. Of several tokens of a chain the first alone is among
// them, since a payment does not name its token. It is false where there is none. The error of the
// terms is the code, as wallets of version 1 read no other text.
func Terms(of *x402.PaymentRequired) (*PaymentRequired, bool) {
	terms := &PaymentRequired{X402Version: Version, Error: string(of.Error), ErrorMessage: of.ErrorMessage}
	for _, way := range of.Accepts {
		network, known := offered(way.Network)
		if !known || !isPayable(&way) || slices.ContainsFunc(terms.Accepts, func(r Requirements) bool { return r.Network == network }) {
			continue
		}
		terms.Accepts = append(terms.Accepts, Requirements{
			Scheme: way.Scheme, Network: network, MaxAmountRequired: way.Amount, Asset: way.Asset, PayTo: way.PayTo, MaxTimeoutSeconds: way.MaxTimeoutSeconds,
			Resource: of.Resource.URL, Description: of.Resource.Description, MimeType: of.Resource.MimeType,
			Extra: Domain{Name: way.Extra.Name, Version: way.Extra.Version},
		})
	}
	return terms, len(terms.Accepts) > 0
}

// isPayable reports whether an entry of version 2 is of the one way that version 1 has.
func isPayable(way *x402.Requirements) bool {
	byToken := way.Extra.AssetTransferMethod == "" || way.Extra.AssetTransferMethod == x402.TransferEIP3009
	return way.Is(x402.SchemeExact) && byToken && way.Extra.Name != "" && way.Extra.Version != ""
}

// V2 is the entry in version 2. The error wraps [x402.ErrUnsupported] for another scheme than exact,
// and for a chain whose name is not known.
func (r *Requirements) V2() (x402.Requirements, error) {
	id, known := ChainID(r.Network)
	switch {
	case r.Scheme != x402.SchemeExact:
		return x402.Requirements{}, fmt.Errorf("%w: the scheme is %s, version 1 has %q alone", x402.ErrUnsupported, shown(r.Scheme), x402.SchemeExact)
	case !known:
		return x402.Requirements{}, fmt.Errorf("%w: no chain is known by the name %s", x402.ErrUnsupported, shown(r.Network))
	}
	return x402.Requirements{
		Scheme: r.Scheme, Network: x402.Network(id), Amount: r.MaxAmountRequired, Asset: r.Asset, PayTo: r.PayTo, MaxTimeoutSeconds: r.MaxTimeoutSeconds,
		Extra: x402.Extra{Name: r.Extra.Name, Version: r.Extra.Version},
	}, nil
}

// Paid is the entry that the payment pays, of those that its seller offers: one by exact and
// EIP-3009 on its chain, of its payee and its amount before others. It is false where there is none.
// A payment of version 1 does not name its token: the signature tells.
func (p *PaymentPayload) Paid(offered []x402.Requirements) (x402.Requirements, bool) {
	id, known := ChainID(p.Network)
	var near *x402.Requirements
	for i := range offered {
		way := &offered[i]
		if !known || way.Network != x402.Network(id) || !isPayable(way) {
			continue
		}
		if way.PayTo == p.Payload.Authorization.To && way.Amount == p.Payload.Authorization.Value {
			return *way, true
		}
		if near == nil {
			near = way
		}
	}
	if near == nil {
		return x402.Requirements{}, false
	}
	return *near, true
}

// V2 is the payment in version 2, of the entry that was accepted. The error wraps
// [x402.ErrUnsupported] where that is not of the payment's scheme and chain.
func (p *PaymentPayload) V2(accepted x402.Requirements) (*x402.PaymentPayload, error) {
	id, known := ChainID(p.Network)
	switch {
	case p.Scheme != x402.SchemeExact || !isPayable(&accepted):
		return nil, fmt.Errorf("%w: the scheme is %s, the terms are of %s; version 1 has %q by EIP-3009 alone", x402.ErrUnsupported, shown(p.Scheme), shown(accepted.Scheme), x402.SchemeExact)
	case !known || x402.Network(id) != accepted.Network:
		return nil, fmt.Errorf("%w: the network is %s, the terms are for %s", x402.ErrUnsupported, shown(p.Network), shown(accepted.Network))
	}
	payload := p.Payload
	return &x402.PaymentPayload{Accepted: accepted, Payload: &payload}, nil
}

// Response is a receipt as version 1 has it: without the amount, which is always that of the terms.
func Response(of *x402.SettlementResponse) *SettlementResponse {
	return &SettlementResponse{Success: of.Success, ErrorReason: of.ErrorReason, Payer: of.Payer, Transaction: of.Transaction, Network: nameOf(of.Network)}
}

// V2 are the terms in version 2: those entries of which [Requirements.V2] is there. The error of the
// terms is the code, and what it says is shown to people where it is none.
func (p *PaymentRequired) V2() *x402.PaymentRequired {
	terms := &x402.PaymentRequired{Error: x402.ErrorCode(p.Error), ErrorMessage: p.ErrorMessage}
	for i := range p.Accepts {
		way, err := p.Accepts[i].V2()
		if err != nil {
			continue
		}
		if len(terms.Accepts) == 0 {
			terms.Resource = x402.Resource{URL: p.Accepts[i].Resource, Description: p.Accepts[i].Description, MimeType: p.Accepts[i].MimeType}
		}
		terms.Accepts = append(terms.Accepts, way)
	}
	return terms
}

// Payment is a payment in version 1. The error wraps [x402.ErrUnsupported] where it is not of exact by
// EIP-3009, or on a chain that has no name.
func Payment(of *x402.PaymentPayload) (*PaymentPayload, error) {
	payload, isTransfer := of.Payload.(*x402.AuthorizationPayload)
	if !isTransfer || !of.Accepted.Is(x402.SchemeExact) {
		return nil, fmt.Errorf("%w: a payment by %s, version 1 has %q by EIP-3009 alone", x402.ErrUnsupported, shown(of.Accepted.Scheme), x402.SchemeExact)
	}
	id, err := x402.ParseNetwork(of.Accepted.Network)
	if err != nil {
		return nil, err
	}
	name, known := NetworkOf(id)
	if !known {
		return nil, fmt.Errorf("%w: chain %d has no name in version 1", x402.ErrUnsupported, id)
	}
	return &PaymentPayload{X402Version: Version, Scheme: x402.SchemeExact, Network: name, Payload: *payload}, nil
}

// V2 is the receipt in version 2.
func (r *SettlementResponse) V2() *x402.SettlementResponse {
	network := r.Network
	if id, known := ChainID(network); known {
		network = x402.Network(id)
	}
	return &x402.SettlementResponse{Success: r.Success, ErrorReason: r.ErrorReason, Payer: r.Payer, Transaction: r.Transaction, Network: network}
}

func shown(s string) string { return x402.Malformed("", strconv.Quote(s), "").Value }
