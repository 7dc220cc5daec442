package facilitator

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	v1 "github.com/chitpay/chit/x402/v1"
)

// kind is a way to pay that is served.
type kind struct {
	X402Version int        `json:"x402Version"`
	Scheme      string     `json:"scheme"`
	Network     string     `json:"network"`
	Extra       *kindExtra `json:"extra,omitzero"`
}

// kindExtra is what servers put into the extra of their terms.
type kindExtra struct {
	// FacilitatorAddress is the key that sends transfers of upto.
	FacilitatorAddress common.Address `json:"facilitatorAddress,omitzero"`
	// ReceiverAuthorizer signs claims and refunds of channels.
	ReceiverAuthorizer common.Address `json:"receiverAuthorizer,omitzero"`
}

// supported answers GET /supported.
func (f *Facilitator) supported(http.ResponseWriter, *http.Request, Caller) *answer {
	body := struct {
		Kinds      []kind                      `json:"kinds"`
		Extensions []string                    `json:"extensions"`
		Signers    map[string][]common.Address `json:"signers"`
	}{Kinds: []kind{}, Extensions: []string{extension.NameBazaar}, Signers: map[string][]common.Address{"eip155:*": {}}}
	signers := body.Signers["eip155:*"]
	sponsors := false
	for _, p := range f.places {
		body.Kinds = append(body.Kinds, p.kinds()...)
		for _, s := range p.senders {
			if !slices.Contains(signers, s.Address()) {
				signers = append(signers, s.Address())
			}
		}
		sponsors = sponsors || p.proxies.Exact || p.proxies.Upto
	}
	body.Signers["eip155:*"] = signers
	if sponsors {
		body.Extensions = append(body.Extensions, extension.NameTokenPermit)
	}
	return &answer{status: http.StatusOK, body: body}
}

// kinds are the ways to pay on a chain.
func (p *place) kinds() []kind {
	all := []kind{{X402Version: x402.Version, Scheme: x402.SchemeExact, Network: p.network}}
	if p.proxies.Upto {
		all = append(all, kind{x402.Version, x402.SchemeUpto, p.network, &kindExtra{FacilitatorAddress: p.freest()}})
	}
	if len(p.escrows) > 0 {
		channels := kind{X402Version: x402.Version, Scheme: x402.SchemeBatchSettlement, Network: p.network}
		if p.Authorizer != nil {
			channels.Extra = &kindExtra{ReceiverAuthorizer: p.Authorizer.Address()}
		}
		all = append(all, channels)
	}
	if p.name != "" {
		all = append(all, kind{X402Version: v1.Version, Scheme: x402.SchemeExact, Network: p.name})
	}
	return all
}

// keyHealth is how a key is, for GET /healthz.
type keyHealth struct {
	Address common.Address `json:"address"`
	// Balance is in wei, as a decimal number; empty is not known yet.
	Balance string `json:"balance,omitzero"`
	// State is "ok", "low" or "out".
	State string `json:"state"`
}

// chainHealth is how a chain is.
type chainHealth struct {
	Network string      `json:"network"`
	Keys    []keyHealth `json:"keys"`
	Waiting int         `json:"waiting"`
}

// health answers GET /healthz: 503 while the store cannot write, or on some chain no key can pay for
// gas.
func (f *Facilitator) health(w http.ResponseWriter, _ *http.Request) {
	body := struct {
		Status string        `json:"status"`
		Chains []chainHealth `json:"chains"`
	}{Status: "ok", Chains: []chainHealth{}}
	status := http.StatusOK
	for _, p := range f.places {
		c, worst := p.health()
		body.Chains = append(body.Chains, c)
		switch {
		case worst == keyOut:
			status, body.Status = http.StatusServiceUnavailable, "no gas"
		case worst == keyLow && status == http.StatusOK:
			body.Status = "low gas"
		}
	}
	if f.options.Store.Err() != nil {
		status, body.Status = http.StatusServiceUnavailable, "the store cannot write"
	}
	door.WriteJSON(w, status, body)
}

// The states of a key.
const (
	keyOK  = "ok"
	keyLow = "low"
	keyOut = "out"
)

// health is how a chain is, and the worst that is to be said of it: it is out where no key can pay.
func (p *place) health() (c chainHealth, worst string) {
	c = chainHealth{Network: p.network, Waiting: p.house.Stats().Waiting, Keys: []keyHealth{}}
	out := 0
	worst = keyOK
	for _, s := range p.house.Gas() {
		k := keyHealth{Address: s.Address, State: keyOK}
		if s.Balance != nil {
			k.Balance = s.Balance.String()
		}
		switch {
		case s.Out:
			k.State, worst = keyOut, keyLow
			out++
		case s.Balance != nil && p.LowGas != nil && s.Balance.Cmp(p.LowGas) < 0:
			k.State, worst = keyLow, keyLow
		}
		c.Keys = append(c.Keys, k)
	}
	if out == len(c.Keys) {
		worst = keyOut
	}
	slices.SortFunc(c.Keys, func(a, b keyHealth) int { return cmp.Compare(a.Address.Hex(), b.Address.Hex()) })
	return c, worst
}
