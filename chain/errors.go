package chain

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/rpc"
)

// What callers branch on.
var (
	// ErrUnreachable says that no endpoint of the chain answered.
	ErrUnreachable = errors.New("the chain cannot be reached")
	// ErrChainID says that an endpoint serves another chain than it should.
	ErrChainID = errors.New("wrong chain")
	// ErrNoContract says that there is no code at the address of a contract.
	ErrNoContract = errors.New("no contract")
	// ErrFunds says that the sender's account cannot pay for the gas.
	ErrFunds = errors.New("the account cannot pay for gas")
	// ErrGasCap says that a transaction needs more gas than one may have.
	ErrGasCap = errors.New("more gas than a transaction may have")
)

// RevertError is a call that a contract refused.
type RevertError struct {
	// Reason is the contract's, such as "ClaimExceedsBalance()".
	Reason string
	// Data is what the contract returned.
	Data []byte
}

// Error says that the call was refused and why.
func (e *RevertError) Error() string { return "the contract refuses: " + e.Reason }

// IsRevert reports whether a contract refused the call.
func IsRevert(err error) bool {
	var revert *RevertError
	return errors.As(err, &revert)
}

// errorTable knows the custom errors of contracts by their selectors.
type errorTable map[[4]byte]abi.Error

func newErrorTable(abis []*abi.ABI) errorTable {
	table := make(errorTable)
	for _, a := range abis {
		for _, e := range a.Errors {
			table[[4]byte(e.ID[:4])] = e
		}
	}
	return table
}

// explain turns an error of the RPC into what it means.
func (t errorTable) explain(err error) error {
	if err == nil {
		return nil
	}
	err = said{err}
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "gas required exceeds"), strings.Contains(text, "out of gas"),
		strings.Contains(text, "outofgas"), strings.Contains(text, "memoryoog"): // the last two are anvil's
		return fmt.Errorf("%w: %w", ErrGasCap, err)
	case strings.Contains(text, "insufficient funds"):
		return fmt.Errorf("%w: %w", ErrFunds, err)
	}
	var withData rpc.DataError
	if errors.As(err, &withData) {
		if text, ok := withData.ErrorData().(string); ok {
			if data, decodeErr := hex.DecodeString(strings.TrimPrefix(text, "0x")); decodeErr == nil {
				return &RevertError{Reason: t.reason(data), Data: data}
			}
		}
	}
	if strings.Contains(text, "execution reverted") {
		return &RevertError{Reason: err.Error()}
	}
	if strings.Contains(text, "chain id") || strings.Contains(text, "chainid") {
		return fmt.Errorf("%w: the endpoint takes nothing that is signed for this chain id; where a chain has changed it, channels of the old one are locked: %w", ErrChainID, err)
	}
	return err
}

func (t errorTable) reason(data []byte) string { return shorten([]byte(t.fullReason(data))) }

func (t errorTable) fullReason(data []byte) string {
	if len(data) < 4 {
		return "without a reason"
	}
	if e, ok := t[[4]byte(data[:4])]; ok {
		return render(e, data[4:])
	}
	if reason, err := abi.UnpackRevert(data); err == nil {
		return reason
	}
	return fmt.Sprintf("error 0x%x", data[:min(len(data), 36)])
}

func render(e abi.Error, data []byte) string {
	values, err := e.Inputs.Unpack(data)
	if err != nil || len(values) == 0 {
		return e.Name + "()"
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return e.Name + "(" + strings.Join(words, ", ") + ")"
}

// WithoutURL removes from an error the URL of an endpoint, which may hold an API key.
func WithoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	var status rpc.HTTPError
	if errors.As(err, &status) {
		return fmt.Errorf("HTTP status %s: %s", status.Status, shorten(status.Body))
	}
	return said{err}
}

// said is an error whose text an endpoint has written, which may be as long as its answer.
type said struct{ error }

func (s said) Error() string { return shorten([]byte(s.error.Error())) }

func (s said) Unwrap() error { return s.error }

// shorten cuts what somebody else has written, for a message.
func shorten(text []byte) string {
	const most = 300
	text = bytes.TrimSpace(text)
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "..."
	}
	return string(text)
}
