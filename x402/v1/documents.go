package v1

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Version is the x402Version of every document.
const Version = 1

// PaymentRequired is a seller's answer to a request without a good payment. Over HTTP it is the
// body of status 402.
type PaymentRequired struct {
	// X402Version is [Version].
	X402Version int `json:"x402Version"`
	// Error is why the request is not served.
	Error string `json:"error,omitzero"`
	// ErrorMessage explains Error to people. It is chit's own member, as in version 2.
	ErrorMessage string `json:"errorMessage,omitzero"`
	// Accepts are the ways to pay, the seller's favourite first.
	Accepts []Requirements `json:"accepts"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Requirements are one way to pay.
type Requirements struct {
	// Scheme is [x402.SchemeExact].
	Scheme string `json:"scheme"`
	// Network is the name of the chain, such as "base"; see [ChainID].
	Network string `json:"network"`
	// MaxAmountRequired is the price, in atomic units: what is to be signed.
	MaxAmountRequired vouchers.Amount `json:"maxAmountRequired"`
	// Resource is the URL of what is sold. Description and MimeType say what that is; wallets want
	// them even where they are empty.
	Resource    string `json:"resource"`
	Description string `json:"description"`
	MimeType    string `json:"mimeType"`
	// OutputSchema is a JSON schema of the answer; nil is absent.
	OutputSchema jsontext.Value `json:"outputSchema,omitzero"`
	// PayTo receives the money.
	PayTo common.Address `json:"payTo"`
	// MaxTimeoutSeconds is how long a payment may take, in seconds.
	MaxTimeoutSeconds uint64 `json:"maxTimeoutSeconds"`
	// Asset is the token.
	Asset common.Address `json:"asset"`
	// Extra is the token's EIP-712 domain.
	Extra Domain `json:"extra,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Domain is the name and the version of a token's EIP-712 domain.
type Domain struct {
	Name    string `json:"name,omitzero"`
	Version string `json:"version,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// PaymentPayload is a payer's payment.
type PaymentPayload struct {
	// X402Version is [Version].
	X402Version int `json:"x402Version"`
	// Scheme is [x402.SchemeExact].
	Scheme string `json:"scheme"`
	// Network is the name of the chain.
	Network string `json:"network"`
	// Payload is the payment itself, an EIP-3009 transfer.
	Payload x402.AuthorizationPayload `json:"payload"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// SettlementResponse is the receipt of a payment.
type SettlementResponse struct {
	// Success is whether the payment was taken.
	Success bool `json:"success"`
	// ErrorReason is why it was not; empty is absent.
	ErrorReason x402.ErrorCode `json:"errorReason,omitzero"`
	// Payer is whose money it is; the zero address is absent.
	Payer common.Address `json:"payer,omitzero"`
	// Transaction is the hash of the transfer's transaction; "" is none.
	Transaction string `json:"transaction"`
	// Network is the name of the chain.
	Network string `json:"network"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Document is one of the documents of version 1.
type Document interface {
	PaymentRequired | Requirements | PaymentPayload | SettlementResponse
}

// required are the members that a document must have.
func required[D Document]() []string {
	switch any((*D)(nil)).(type) {
	case *PaymentRequired:
		return []string{"x402Version", "accepts"}
	case *Requirements:
		return []string{"scheme", "network", "maxAmountRequired", "resource", "payTo", "maxTimeoutSeconds", "asset"}
	case *PaymentPayload:
		return []string{"x402Version", "scheme", "network", "payload"}
	default:
		return []string{"success", "transaction", "network"}
	}
}

// Decode reads a document. Errors are those of [x402.DecodePaymentPayload]: what is of another
// version wraps [x402.ErrVersion], and a payment of another scheme, or on a chain whose name is not
// known, [x402.ErrUnsupported].
func Decode[D Document](data []byte, opts ...x402.Option) (*D, error) {
	if err := checkHead[D](data, opts); err != nil {
		return nil, err
	}
	return x402.Read[D](data, required[D](), opts...)
}

// checkHead refuses what another version or another scheme spells in another way before anything
// else is looked at.
func checkHead[D Document](data []byte, opts []x402.Option) error {
	head, err := x402.Read[head](data, nil, opts...)
	if err != nil {
		return err
	}
	switch any((*D)(nil)).(type) {
	case *PaymentRequired:
		return head.checkVersion()
	case *PaymentPayload:
		if err := head.checkVersion(); err != nil {
			return err
		}
		return head.checkWay()
	}
	return nil
}

// head is what tells documents apart.
type head struct {
	X402Version jsontext.Value `json:"x402Version"`
	Scheme      jsontext.Value `json:"scheme"`
	Network     jsontext.Value `json:"network"`
}

func (h *head) checkVersion() error {
	if v := h.X402Version; v != nil && v.Kind() != 'n' && string(v) != strconv.Itoa(Version) {
		return &x402.DecodeError{Path: "x402Version", Value: clipped(v), Want: strconv.Itoa(Version), Err: x402.ErrVersion}
	}
	return nil
}

func (h *head) checkWay() error {
	var scheme, network string
	if json.Unmarshal(h.Scheme, &scheme) == nil && scheme != "" && scheme != x402.SchemeExact {
		return &x402.DecodeError{Path: "scheme", Value: clipped(h.Scheme), Want: strconv.Quote(x402.SchemeExact), Err: x402.ErrUnsupported}
	}
	if json.Unmarshal(h.Network, &network) != nil || network == "" {
		return nil // the decoder says what is wrong
	}
	if _, ok := ChainID(network); !ok {
		return &x402.DecodeError{Path: "network", Value: clipped(h.Network), Want: `the name of an EVM chain, such as "base"`, Err: x402.ErrUnsupported}
	}
	return nil
}

func clipped(v jsontext.Value) string { return x402.Malformed("", string(v), "").Value }

// CodeOf is the code to refuse a payment with whose decoding failed with err.
func CodeOf(err error) x402.ErrorCode {
	var where *x402.DecodeError
	if errors.As(err, &where) {
		switch where.Path {
		case "scheme":
			return x402.ErrExactScheme
		case "network":
			return x402.ErrExactNetworkMismatch
		}
	}
	return x402.CodeOf(err)
}

// Encode writes a document.
func Encode[D Document](document *D) ([]byte, error) {
	data, err := x402.Write(document)
	if err != nil {
		return nil, fmt.Errorf("encode the document of x402 version %d: %w", Version, err)
	}
	return data, nil
}
