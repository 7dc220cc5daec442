package mpp

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
)

// Receipt says that a payment was taken. There is none of a failure.
type Receipt struct {
	// Method is that of the challenge.
	Method string
	// Reference names the payment: for [MethodEVM] the hash of the transaction.
	Reference string
	// Timestamp is when it was settled, to the millisecond.
	Timestamp time.Time
	// ChallengeID is the id of the challenge that was paid, which MCP has; empty is absent.
	ChallengeID string
	// ExternalID is that of the [Charge]; empty is absent.
	ExternalID string
	// Unknown holds the other members, as one JSON object; a method may have more.
	Unknown jsontext.Value
}

// receipt is [Receipt] in JSON.
type receipt struct {
	Method      string         `json:"method"`
	Reference   string         `json:"reference"`
	ExternalID  string         `json:"externalId,omitzero"`
	Status      string         `json:"status"`
	Timestamp   string         `json:"timestamp"`
	ChallengeID string         `json:"challengeId,omitzero"`
	Unknown     jsontext.Value `json:",embed"`
}

const (
	statusSuccess = "success"
	milliseconds  = "2006-01-02T15:04:05.000Z07:00"
)

// MarshalJSON encodes the receipt, for [MetaReceipt].
func (r Receipt) MarshalJSON() ([]byte, error) {
	return x402.Write(&receipt{
		Method: r.Method, Reference: r.Reference, ExternalID: r.ExternalID, Status: statusSuccess,
		Timestamp: r.Timestamp.UTC().Format(milliseconds), ChallengeID: r.ChallengeID, Unknown: r.Unknown,
	})
}

// Header is the receipt as the value of [HeaderReceipt].
func (r *Receipt) Header() (string, error) {
	data, err := r.MarshalJSON()
	if err != nil {
		return "", fmt.Errorf("encode the receipt: %w", err)
	}
	return alphabet.EncodeToString(data), nil
}

// ParseReceipt reads the value of [HeaderReceipt]. Errors wrap [ErrMalformed].
func ParseReceipt(value string) (*Receipt, error) {
	data, err := decodeText("", value, MaxBytes)
	if err != nil {
		return nil, err
	}
	return DecodeReceipt(data)
}

// DecodeReceipt reads the JSON of a receipt. Errors wrap [ErrMalformed].
func DecodeReceipt(data []byte) (*Receipt, error) {
	if len(data) > MaxBytes {
		return nil, malformed("", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("at most %d", MaxBytes))
	}
	read, err := x402.Read[receipt](data, []string{"method", "reference", "status", "timestamp"})
	if err != nil {
		return nil, within("", err, ErrMalformed)
	}
	if read.Status != statusSuccess {
		return nil, malformed("status", quoted(read.Status), quoted(statusSuccess))
	}
	at, err := time.Parse(time.RFC3339, read.Timestamp)
	if err != nil {
		return nil, malformed("timestamp", quoted(read.Timestamp), "a time as RFC 3339 has it")
	}
	return &Receipt{
		Method: read.Method, Reference: read.Reference, Timestamp: at.Truncate(time.Millisecond), ChallengeID: read.ChallengeID,
		ExternalID: read.ExternalID, Unknown: read.Unknown,
	}, nil
}

// UnmarshalJSON is [DecodeReceipt] for encoding/json.
func (r *Receipt) UnmarshalJSON(data []byte) error {
	read, err := DecodeReceipt(data)
	if err == nil {
		*r = *read
	}
	return err
}
