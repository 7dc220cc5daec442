package order

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// ErrUnsigned is what an order is refused with that the payer did not sign, or not for now.
var ErrUnsigned = errors.New("the order is not the payer's")

// Lifetime is how long an order is good at most.
const Lifetime = 5 * time.Minute

// Order is what the payer of a channel wants done with its grants. A wallet shows
// it as text when it signs.
type Order struct {
	// Action is a verb: "grant", "top-up", "list", "revoke", "receipts", "refund" or "state".
	Action string
	// Channel is the payer's, which also names the server.
	Channel vouchers.ChannelID
	// Subject is what the action is about.
	Subject string
	// Deadline is until when it is good, in Unix seconds, at most [Lifetime] from now.
	Deadline uint64
}

// GrantSubject is the subject of an order for a grant.
func GrantSubject(caveats []macaroon.Caveat, label string) string {
	lines := make([]string, 0, len(caveats)+1)
	for _, c := range caveats {
		lines = append(lines, c.String())
	}
	return strings.Join(append(lines, "label="+strconv.Quote(label)), "\n")
}

// TopUpSubject is the subject of an order that adds to a budget.
func TopUpSubject(id macaroon.GrantID, amount vouchers.Amount) string {
	return id.String() + " by " + amount.String()
}

// RefundSubject is the subject of an order for a refund of amount (nil is all that is
// left). The nonce is the escrow's for the channel's next refund, so that an order is
// good for one.
func RefundSubject(amount *vouchers.Amount, nonce uint64) string {
	what := "all that is left"
	if amount != nil {
		what = amount.String()
	}
	return what + ", refund number " + strconv.FormatUint(nonce, 10)
}

// Digest is what the payer's voucher key signs: the order as an Ethereum message (EIP-191).
func (o Order) Digest() common.Hash {
	text := fmt.Sprintf("chit credit\n\n%s\n%s\n\nchannel %s\ngood until %s", o.Action, o.Subject, o.Channel, time.Unix(int64(min(o.Deadline, macaroon.MaxTime)), 0).UTC().Format(time.RFC3339))
	return crypto.Keccak256Hash([]byte("\x19Ethereum Signed Message:\n"+strconv.Itoa(len(text))), []byte(text))
}

// Signer is who has signed an order. The error wraps [ErrUnsigned] where nobody has, or not
// for this time.
func (o Order) Signer(signature vouchers.Signature, now time.Time) (common.Address, error) {
	left := time.Unix(int64(min(o.Deadline, macaroon.MaxTime)), 0).Sub(now)
	if left <= 0 || left > Lifetime+time.Minute {
		return common.Address{}, fmt.Errorf("%w: its deadline is in %s, want at most %s; compare the clocks", ErrUnsigned, left.Truncate(time.Second), Lifetime)
	}
	signer, err := vouchers.Recover(o.Digest(), signature)
	if err != nil {
		return common.Address{}, fmt.Errorf("%w: %w", ErrUnsigned, err)
	}
	return signer, nil
}

// Check refuses an order that signer did not sign, or not for this time, with an
// error that wraps [ErrUnsigned].
func (o Order) Check(signature vouchers.Signature, signer common.Address, now time.Time) error {
	got, err := o.Signer(signature, now)
	if err != nil {
		return err
	}
	if got != signer {
		return fmt.Errorf("%w: %s signed it, the channel's vouchers are signed by %s", ErrUnsigned, got, signer)
	}
	return nil
}
