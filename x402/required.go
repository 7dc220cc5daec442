package x402

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// PaymentRequired is a seller's answer to a request without a good payment: what
// is sold, how it can be paid, and what was wrong (x402 v2, PaymentRequired).
type PaymentRequired struct {
	// Error is why the request is not served: an [ErrorCode], or free text from
	// servers that have no code. Empty is absent.
	Error ErrorCode `json:"error,omitzero"`
	// ErrorMessage explains Error to people. It is chit's own member, which the
	// standard's readers pass over. Empty is absent.
	ErrorMessage string `json:"errorMessage,omitzero"`
	// Resource is what is sold.
	Resource Resource `json:"resource"`
	// Accepts are the ways to pay, the seller's favourite first.
	Accepts []Requirements `json:"accepts"`
	// Extensions are what the seller offers beyond the core; nil is absent.
	Extensions Extensions `json:"extensions,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Resource says what is sold (x402 v2, ResourceInfo). Empty optional members are absent.
type Resource struct {
	// URL identifies the resource; over MCP it is that of [OnMCP].
	URL string `json:"url"`
	// Description is for people.
	Description string `json:"description,omitzero"`
	// MimeType is that of the answer.
	MimeType string `json:"mimeType,omitzero"`
	// ServiceName is the seller's name.
	ServiceName string `json:"serviceName,omitzero"`
	// Tags sort the resource in directories.
	Tags []string `json:"tags,omitzero"`
	// IconURL is a picture of the service.
	IconURL string `json:"iconUrl,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Refuse builds the answer to a request that is not paid as it should be. The
// detail explains the code to people; where it is empty, [ErrorCode.Message] does.
func Refuse(resource Resource, accepts []Requirements, code ErrorCode, detail string) *PaymentRequired {
	if detail == "" {
		detail = code.Message()
	}
	return &PaymentRequired{Error: code, ErrorMessage: detail, Resource: resource, Accepts: accepts}
}

// MarshalJSON encodes the document for encoding/json.
func (d PaymentRequired) MarshalJSON() ([]byte, error) { return marshal(d) }

// UnmarshalJSON is [DecodePaymentRequired] for encoding/json.
func (d *PaymentRequired) UnmarshalJSON(data []byte) error { return decodeInto(d, data, nil) }

// MarshalJSONTo encodes the document for the successor of encoding/json.
func (d PaymentRequired) MarshalJSONTo(enc *jsontext.Encoder) error {
	type plain PaymentRequired
	return json.MarshalEncode(enc, versioned[plain]{Version, (*plain)(&d)}, encoding)
}

// UnmarshalJSONFrom is [DecodePaymentRequired] without its limits, for the
// successor of encoding/json.
func (d *PaymentRequired) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if _, err := documentMembers(raw, "resource", "accepts"); err != nil {
		return err
	}
	type plain PaymentRequired
	*d = PaymentRequired{}
	return decodeObject(raw, &versioned[plain]{Body: (*plain)(d)})
}

// UnmarshalJSONFrom refuses a resource without a URL.
func (r *Resource) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Resource
	*r = Resource{}
	return readObject(dec, (*plain)(r), "url")
}
