package x402

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// Requirements are one way to pay: an entry of [PaymentRequired.Accepts], and what a
// payer says that it accepted (x402 v2, PaymentRequirements).
//
// Sellers compare what comes back to what they offered, so an entry that was decoded
// and left as it is encodes to the JSON that it came from, in the seller's own
// spelling. Entries that are not [Requirements.Supported] are carried that way; of
// those only Scheme and Network are filled in.
type Requirements struct {
	// Scheme is the way of paying: [SchemeBatchSettlement].
	Scheme string `json:"scheme"`
	// Network is the CAIP-2 name of the chain, such as "eip155:8453"; see [ParseNetwork].
	Network string `json:"network"`
	// Amount is the most that one request may cost, in atomic units.
	Amount vouchers.Amount `json:"amount"`
	// Asset is the token.
	Asset common.Address `json:"asset"`
	// PayTo receives the money: the receiver of the channel.
	PayTo common.Address `json:"payTo"`
	// MaxTimeoutSeconds is how long a payment may take, in seconds.
	MaxTimeoutSeconds uint64 `json:"maxTimeoutSeconds"`
	// Extra is what the scheme adds.
	Extra Extra `json:"extra"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`

	raw jsontext.Value // what the entry was decoded from
}

// Extra is what the batch-settlement scheme adds to [Requirements], with Escrow,
// Collectors, Short and MinDeposit beyond the scheme's text.
type Extra struct {
	// ReceiverAuthorizer signs claims and refunds for the receiver.
	ReceiverAuthorizer common.Address `json:"receiverAuthorizer"`
	// WithdrawDelay is the channel's, in seconds: [MinWithdrawDelay] to [MaxWithdrawDelay].
	WithdrawDelay uint64 `json:"withdrawDelay"`
	// Name and Version are the token's EIP-712 domain.
	Name    string `json:"name"`
	Version string `json:"version"`
	// AssetTransferMethod is how a deposit is pulled: [TransferEIP3009] or
	// [TransferPermit2]. Empty is absent, which means EIP-3009.
	AssetTransferMethod string `json:"assetTransferMethod,omitzero"`
	// Short is the version of chit's short form of vouchers that is taken beside x402's own (see
	// package short); 0 is absent: none.
	Short uint64 `json:"short,omitzero"`
	// MinDeposit is the least deposit that is taken, in atomic units; 0 is absent.
	MinDeposit vouchers.Amount `json:"minDeposit,omitzero"`
	// Escrow holds the channels of the entry; nil is the canonical escrow.
	Escrow *common.Address `json:"escrow,omitzero"`
	// Collectors pull deposits into Escrow; nil are the canonical ones.
	Collectors *Collectors `json:"collectors,omitzero"`
	// ChannelState tells a payer with a stale base where its channel stands; nil is absent.
	ChannelState *ChannelState `json:"channelState,omitzero"`
	// VoucherState is the last voucher that the seller has of the payer; nil is absent.
	VoucherState *VoucherState `json:"voucherState,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Collectors are the contracts that pull deposits into an escrow. The zero address
// is none. They are chit's own extension of the scheme.
type Collectors struct {
	// EIP3009 pulls by the token's receiveWithAuthorization.
	EIP3009 common.Address `json:"eip3009,omitzero"`
	// Permit2 pulls by a Permit2 transfer with the channel id as witness.
	Permit2 common.Address `json:"permit2,omitzero"`
	// Transfer pulls by a plain allowance of the token.
	Transfer common.Address `json:"transfer,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Supported reports whether the entry is of the batch-settlement scheme on an EVM
// chain, so that all its fields are filled in.
func (r Requirements) Supported() bool { return checkSupported(r.Scheme, r.Network) == nil }

func checkSupported(scheme, network string) error {
	if scheme != SchemeBatchSettlement {
		return &DecodeError{Path: "scheme", Value: quote(scheme), Want: quote(SchemeBatchSettlement), Err: ErrUnsupported}
	}
	if _, err := ParseNetwork(network); err != nil {
		return &DecodeError{Path: "network", Value: quote(network), Want: "the CAIP-2 name of an EVM chain", Err: ErrUnsupported}
	}
	return nil
}

// MarshalJSON encodes the entry for encoding/json.
func (r Requirements) MarshalJSON() ([]byte, error) { return marshal(r) }

// UnmarshalJSON decodes an entry for encoding/json, as part of a document would be.
func (r *Requirements) UnmarshalJSON(data []byte) error { return decodeInto(r, data, nil) }

// MarshalJSONTo writes what the entry was decoded from if nothing was changed since,
// and its fields otherwise. An entry that is not [Requirements.Supported] cannot be
// made or changed: the error wraps [ErrUnsupported].
func (r Requirements) MarshalJSONTo(enc *jsontext.Encoder) error {
	if r.unchanged() {
		return enc.WriteValue(r.raw)
	}
	if err := checkSupported(r.Scheme, r.Network); err != nil {
		return fmt.Errorf("encode payment requirements: %w", err)
	}
	type plain Requirements
	return json.MarshalEncode(enc, (*plain)(&r), encoding)
}

func (r Requirements) unchanged() bool {
	var was Requirements
	return r.raw != nil && json.Unmarshal(r.raw, &was, decoding) == nil && reflect.DeepEqual(r, was)
}

// UnmarshalJSONFrom decodes an entry for the successor of encoding/json.
func (r *Requirements) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	names := append(headNames[:], "amount", "asset", "payTo", "maxTimeoutSeconds", "extra")
	found, err := members(raw, names...)
	if err != nil {
		return err
	}
	*r = Requirements{raw: bytes.Clone(raw)}
	r.Scheme, r.Network, err = readHead(found)
	if errors.Is(err, ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := require(found, names); err != nil {
		return err
	}
	type plain Requirements
	return decodeObject(raw, (*plain)(r))
}

// headNames are the members that every scheme's entries have.
var headNames = [...]string{"scheme", "network"}

// readHead reads those; the error wraps [ErrUnsupported] where the rest is not known.
func readHead(found []jsontext.Value) (scheme, network string, err error) {
	if err := require(found[:len(headNames)], headNames[:]); err != nil {
		return "", "", err
	}
	if scheme, err = stringOf(headNames[0], found[0]); err != nil {
		return "", "", err
	}
	if network, err = stringOf(headNames[1], found[1]); err != nil {
		return "", "", err
	}
	return scheme, network, checkSupported(scheme, network)
}

// UnmarshalJSONFrom refuses an extra without the scheme's required members.
func (e *Extra) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Extra
	*e = Extra{}
	return readObject(dec, (*plain)(e), "receiverAuthorizer", "withdrawDelay", "name", "version")
}
