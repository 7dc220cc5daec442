package vouchers

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/internal/plain"
)

// The range of a channel's withdraw delay, in seconds: 15 minutes to 30 days.
const (
	MinWithdrawDelay = 15 * 60
	MaxWithdrawDelay = 30 * 24 * 60 * 60
)

var (
	// ErrChannelIDSyntax is what a malformed channel id is refused with.
	ErrChannelIDSyntax = errors.New("malformed channel id")
	// ErrConfig is what [ChannelConfig.Validate] refuses with.
	ErrConfig = errors.New("invalid channel config")
	// ErrWithdrawDelay is the kind of [ErrConfig] whose delay is out of range.
	ErrWithdrawDelay = fmt.Errorf("%w: withdraw delay out of range", ErrConfig)
)

// ChannelID names a channel: the EIP-712 digest of its [ChannelConfig] under the
// domain of its escrow.
type ChannelID [32]byte

// ParseChannelID reads "0x" and 64 hex digits. Errors wrap [ErrChannelIDSyntax].
func ParseChannelID(s string) (ChannelID, error) {
	var id ChannelID
	if len(s) != 2+2*len(id) || s[:2] != "0x" {
		return ChannelID{}, fmt.Errorf("%w %q: want 0x and 64 hex digits", ErrChannelIDSyntax, plain.Clip(s))
	}
	if _, err := hex.Decode(id[:], []byte(s[2:])); err != nil {
		return ChannelID{}, fmt.Errorf("%w %q: %w", ErrChannelIDSyntax, s, err)
	}
	return id, nil
}

// Hex returns "0x" and 64 lower-case hex digits.
func (id ChannelID) Hex() string { return "0x" + hex.EncodeToString(id[:]) }

// String is [ChannelID.Hex].
func (id ChannelID) String() string { return id.Hex() }

// MarshalText is [ChannelID.Hex].
func (id ChannelID) MarshalText() ([]byte, error) { return []byte(id.Hex()), nil }

// UnmarshalText is [ParseChannelID].
func (id *ChannelID) UnmarshalText(text []byte) error {
	v, err := ParseChannelID(string(text))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// ChannelConfig is what a payer and a receiver agree on when a channel is
// opened; it never changes.
type ChannelConfig struct {
	// Payer owns the deposit and what is left of it.
	Payer common.Address
	// PayerAuthorizer signs vouchers; the zero address leaves that to the payer,
	// which may then be a contract (ERC-1271).
	PayerAuthorizer common.Address
	// Receiver is paid.
	Receiver common.Address
	// ReceiverAuthorizer signs claims and refunds for the receiver.
	ReceiverAuthorizer common.Address
	// Token is the ERC-20 that the channel holds.
	Token common.Address
	// WithdrawDelay is how long, in seconds, a payer's withdrawal without the
	// receiver's consent takes: [MinWithdrawDelay] to [MaxWithdrawDelay].
	WithdrawDelay uint64
	// Salt tells channels between the same parties apart.
	Salt common.Hash
}

// Validate refuses a config that no escrow would accept, with an error that
// wraps [ErrConfig] and names the field.
func (c ChannelConfig) Validate() error {
	for _, field := range []struct {
		name    string
		address common.Address
	}{
		{"payer", c.Payer},
		{"receiver", c.Receiver},
		{"receiver authorizer", c.ReceiverAuthorizer},
		{"token", c.Token},
	} {
		if field.address == (common.Address{}) {
			return fmt.Errorf("%w: the %s is the zero address", ErrConfig, field.name)
		}
	}
	if c.WithdrawDelay < MinWithdrawDelay || c.WithdrawDelay > MaxWithdrawDelay {
		return fmt.Errorf("%w: %d seconds is not within %d and %d", ErrWithdrawDelay, c.WithdrawDelay, MinWithdrawDelay, MaxWithdrawDelay)
	}
	return nil
}

// VoucherSigner returns whose signature makes a voucher good: the payer's
// authorizer, or the payer where there is none.
func (c ChannelConfig) VoucherSigner() common.Address {
	if c.PayerAuthorizer == (common.Address{}) {
		return c.Payer
	}
	return c.PayerAuthorizer
}

// Deployment is an escrow on a chain. It is comparable.
type Deployment struct {
	// ChainID is the EIP-155 chain id.
	ChainID uint64
	// Escrow is the address of the escrow contract.
	Escrow common.Address
}

// Network returns the CAIP-2 name of the chain, such as "eip155:8453".
func (d Deployment) Network() string { return "eip155:" + strconv.FormatUint(d.ChainID, 10) }

// String returns the network and the escrow, such as "eip155:8453/0x4020...".
func (d Deployment) String() string { return d.Network() + "/" + d.Escrow.Hex() }

// Voucher is a payer's promise: the receiver may claim up to Ceiling from the
// channel, over its whole life.
type Voucher struct {
	Channel ChannelID
	// Ceiling is the contract's maxClaimableAmount, in atomic units.
	Ceiling Amount
}

// ClaimEntry is one channel's row in a batch of claims.
type ClaimEntry struct {
	Channel ChannelID
	// Ceiling is the ceiling of the voucher that backs the row, in atomic units.
	Ceiling Amount
	// TotalClaimed is what will have been claimed from the channel after the
	// claim, over its whole life, in atomic units.
	TotalClaimed Amount
}
