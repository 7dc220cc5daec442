package book

import (
	"bytes"
	"errors"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/vouchers"
)

// Entry is a channel in the book. Amounts are atomic USDC.
type Entry struct {
	Channel    vouchers.ChannelID     `json:"channel"`
	Deployment vouchers.Deployment    `json:"deployment"`
	Config     vouchers.ChannelConfig `json:"config"`
	// Server is the URL of the MCP endpoint that the channel pays.
	Server string `json:"server"`
	// Left says that the owner has agreed to other terms of the server since.
	Left bool `json:"left,omitzero"`
	account.Record
}

// ErrEntry says that an entry of a book cannot be read.
var ErrEntry = errors.New("an entry of the channel book cannot be read")

// IsUsed says whether there is, or was, anything in the channel.
func (e Entry) IsUsed() bool { return e.Balance > 0 || e.Signed > 0 }

// Before says which of two channels on the same terms is used: it is the same one each time.
func (e Entry) Before(other Entry) bool {
	if e.IsUsed() != other.IsUsed() {
		return e.IsUsed()
	}
	return bytes.Compare(e.Channel[:], other.Channel[:]) < 0
}
