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
	// Scheme is the way of paying: [SchemeBatchSettlement], [SchemeExact] or [SchemeUpto].
	Scheme string `json:"scheme"`
	// Network is the CAIP-2 name of the chain, such as "eip155:8453"; see [ParseNetwork].
	Network string `json:"network"`
	// Amount is the most that one request may cost, in atomic units.
	Amount vouchers.Amount `json:"amount"`
	// Asset is the token.
	Asset common.Address `json:"asset"`
	// PayTo receives the money: the receiver of the channel, or of the transfer.
	PayTo common.Address `json:"payTo"`
	// MaxTimeoutSeconds is how long a payment may take, in seconds.
	MaxTimeoutSeconds uint64 `json:"maxTimeoutSeconds"`
	// Extra is what the scheme adds.
	Extra Extra `json:"extra"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`

	raw    jsontext.Value // what the entry was decoded from
	unread error          // why no more than Scheme and Network was read of it
}

// Extra is what a scheme adds to [Requirements]. Name, Version and AssetTransferMethod are of
// every scheme, FacilitatorAddress is of upto, and the others are of batch-settlement, where Escrow,
// Collectors, Short and MinDeposit go beyond the scheme's text.
type Extra struct {
	// ReceiverAuthorizer signs claims and refunds for the receiver.
	ReceiverAuthorizer common.Address `json:"receiverAuthorizer"`
	// WithdrawDelay is the channel's, in seconds: [MinWithdrawDelay] to [MaxWithdrawDelay].
	WithdrawDelay uint64 `json:"withdrawDelay"`
	// Name and Version are the token's EIP-712 domain. Entries of exact and upto may be without,
	// which makes them payable by Permit2 alone.
	Name    string `json:"name"`
	Version string `json:"version"`
	// AssetTransferMethod is how a deposit or a transfer is pulled: [TransferEIP3009] or
	// [TransferPermit2]. Empty is absent, which means EIP-3009, and Permit2 for upto.
	AssetTransferMethod string `json:"assetTransferMethod,omitzero"`
	// FacilitatorAddress is who sends the transfer of upto, which is signed for it alone; the zero
	// address is absent.
	FacilitatorAddress common.Address `json:"facilitatorAddress,omitzero"`
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

// extraOfTransfers is [Extra] as exact and upto have it: without the members that only
// batch-settlement must have.
type extraOfTransfers struct {
	ReceiverAuthorizer  common.Address  `json:"receiverAuthorizer,omitzero"`
	WithdrawDelay       uint64          `json:"withdrawDelay,omitzero"`
	Name                string          `json:"name,omitzero"`
	Version             string          `json:"version,omitzero"`
	AssetTransferMethod string          `json:"assetTransferMethod,omitzero"`
	FacilitatorAddress  common.Address  `json:"facilitatorAddress,omitzero"`
	Short               uint64          `json:"short,omitzero"`
	MinDeposit          vouchers.Amount `json:"minDeposit,omitzero"`
	Escrow              *common.Address `json:"escrow,omitzero"`
	Collectors          *Collectors     `json:"collectors,omitzero"`
	ChannelState        *ChannelState   `json:"channelState,omitzero"`
	VoucherState        *VoucherState   `json:"voucherState,omitzero"`
	Unknown             jsontext.Value  `json:",embed"`
}

// requirementsOfTransfers is [Requirements] as exact and upto have it.
type requirementsOfTransfers struct {
	Scheme            string           `json:"scheme"`
	Network           string           `json:"network"`
	Amount            vouchers.Amount  `json:"amount"`
	Asset             common.Address   `json:"asset"`
	PayTo             common.Address   `json:"payTo"`
	MaxTimeoutSeconds uint64           `json:"maxTimeoutSeconds"`
	Extra             extraOfTransfers `json:"extra"`
	Unknown           jsontext.Value   `json:",embed"`
}

// Supported reports whether the entry is of a scheme that is spoken, on an EVM chain and of
// values that this package holds, so that all its fields are filled in. An entry of exact or
// upto may have others, such as an amount of 2^64 and more: it does not spoil the entries
// beside it.
func (r Requirements) Supported() bool { return r.check() == nil }

// Is reports whether the entry is of a scheme, and is [Requirements.Supported].
func (r Requirements) Is(scheme string) bool { return r.Scheme == scheme && r.Supported() }

func (r *Requirements) check() error {
	if r.unread != nil {
		return r.unread
	}
	return checkSupported(r.Scheme, r.Network)
}

func checkSupported(scheme, network string) error {
	switch scheme {
	case SchemeBatchSettlement, SchemeExact, SchemeUpto:
	default:
		return &DecodeError{Path: "scheme", Value: quote(scheme), Want: `"batch-settlement", "exact" or "upto"`, Err: ErrUnsupported}
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
// made or changed: the error wraps [ErrUnsupported] or [ErrMalformed].
func (r Requirements) MarshalJSONTo(enc *jsontext.Encoder) error {
	if r.unchanged() {
		return enc.WriteValue(r.raw)
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("encode payment requirements: %w", err)
	}
	if r.Scheme != SchemeBatchSettlement {
		return json.MarshalEncode(enc, &requirementsOfTransfers{
			r.Scheme, r.Network, r.Amount, r.Asset, r.PayTo, r.MaxTimeoutSeconds, extraOfTransfers(r.Extra), r.Unknown,
		}, encoding)
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
	head := Requirements{raw: bytes.Clone(raw)}
	head.Scheme, head.Network, err = readHead(found)
	*r = head
	if err == nil {
		err = r.readRest(found, names)
	}
	isCarried := errors.Is(err, ErrUnsupported) || head.Network != "" && head.Scheme != SchemeBatchSettlement
	if err != nil && isCarried {
		head.unread = err
		*r = head
		return nil
	}
	return err
}

// readRest reads what is not read yet of an entry whose scheme is spoken.
func (r *Requirements) readRest(found []jsontext.Value, names []string) error {
	extra, required := found[len(found)-1], extraNames[r.Scheme]
	if len(required) == 0 {
		found, names = found[:len(found)-1], names[:len(names)-1]
	}
	if err := require(found, names); err != nil {
		return err
	}
	if len(required) > 0 {
		there, err := members(extra, required...)
		if err == nil {
			err = require(there, required)
		}
		if err != nil {
			return within("extra", err)
		}
	}
	type plain Requirements
	return decodeObject(r.raw, (*plain)(r))
}

// extraNames are the members that the extra of a scheme's entries must have.
var extraNames = map[string][]string{
	SchemeBatchSettlement: {"receiverAuthorizer", "withdrawDelay", "name", "version"},
	SchemeUpto:            {"facilitatorAddress"},
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
