package mpp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Charge is the request of a [Challenge] of the method "evm" and the intent "charge" that can be
// paid by an authorization.
type Charge struct {
	// Amount is the price, in atomic units.
	Amount vouchers.Amount
	// Currency is the token.
	Currency common.Address
	// Recipient receives the money.
	Recipient common.Address
	// ChainID is the chain's.
	ChainID uint64
	// Decimals is how many the token has; nil is absent.
	Decimals *uint64
	// Description is for people, and ExternalID the seller's name of the order; empty is absent.
	Description, ExternalID string
}

// charge is [Charge] in JSON.
type charge struct {
	Amount      vouchers.Amount `json:"amount"`
	Currency    common.Address  `json:"currency"`
	Recipient   common.Address  `json:"recipient"`
	Description string          `json:"description,omitzero"`
	ExternalID  string          `json:"externalId,omitzero"`
	Details     jsontext.Value  `json:"methodDetails"`
}

type details struct {
	ChainID         uint64           `json:"chainId"`
	CredentialTypes []string         `json:"credentialTypes,omitzero"`
	Decimals        *uint64          `json:"decimals,omitzero"`
	Splits          []jsontext.Value `json:"splits,omitzero"`
}

func (c *Charge) request() (jsontext.Value, error) {
	more, err := x402.Write(&details{ChainID: c.ChainID, CredentialTypes: []string{TypeAuthorization}, Decimals: c.Decimals})
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	data, err := x402.Write(&charge{
		Amount: c.Amount, Currency: c.Currency, Recipient: c.Recipient, Description: c.Description, ExternalID: c.ExternalID, Details: more,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return canonical("request", data)
}

// Charge reads what the challenge asks. A challenge of another method or intent, one that takes no
// authorization, and one whose money goes to several is an error that wraps [ErrUnsupported]; other
// errors wrap [ErrMalformed].
func (c *Challenge) Charge() (*Charge, error) {
	if c.Method != MethodEVM || c.Intent != IntentCharge {
		return nil, fmt.Errorf("%w: method %s with intent %s, want %s with %s", ErrUnsupported, clip(c.Method), clip(c.Intent), MethodEVM, IntentCharge)
	}
	read, err := x402.Read[charge](c.Request, []string{"amount", "currency", "recipient", "methodDetails"})
	if err != nil {
		return nil, within("request", err, ErrMalformed)
	}
	more, err := x402.Read[details](read.Details, []string{"chainId"})
	if err != nil {
		return nil, within("request.methodDetails", err, ErrMalformed)
	}
	switch {
	case more.ChainID == 0:
		return nil, malformed("request.methodDetails.chainId", "0", "the id of a chain")
	case !slices.Contains(more.CredentialTypes, TypeAuthorization):
		return nil, fmt.Errorf("%w: credentials of the types %s, want %q among them", ErrUnsupported, clip(strings.Join(more.CredentialTypes, ", ")), TypeAuthorization)
	case len(more.Splits) > 0:
		return nil, fmt.Errorf("%w: an authorization cannot split money among %d", ErrUnsupported, len(more.Splits))
	}
	return &Charge{
		Amount: read.Amount, Currency: read.Currency, Recipient: read.Recipient, ChainID: more.ChainID, Decimals: more.Decimals,
		Description: read.Description, ExternalID: read.ExternalID,
	}, nil
}
