package deposit

import (
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Signed is a deposit that was signed, whose outcome the chain does not show yet.
// Until it does, or the deposit has run out, the same one is sent again, which moves its
// money once at most, and no other is signed for its channel.
type Signed struct {
	Channel vouchers.ChannelID
	Deposit *x402.Deposit
	// Before is the channel's balance when it was signed, for a top-up the most that it was
	// seen to have.
	Before vouchers.Amount
	// TopUp is the day on which it counts against what top-ups may move, "" for one whose
	// amount somebody has typed.
	TopUp string
	// Fresh says that this process has just signed it: nobody has it yet.
	Fresh bool
}

// storedDeposit is a signed deposit as the book has it. Spender is there for one by Permit2.
type storedDeposit struct {
	Channel   vouchers.ChannelID `json:"channel"`
	Before    vouchers.Amount    `json:"before"`
	Amount    vouchers.Amount    `json:"amount"`
	From      uint64             `json:"validAfter"`
	Until     uint64             `json:"until"`
	Nonce     *big.Int           `json:"nonce"`
	Signature vouchers.Signature `json:"signature"`
	Payer     common.Address     `json:"payer,omitzero"`
	Token     common.Address     `json:"token,omitzero"`
	Spender   common.Address     `json:"spender,omitzero"`
	TopUp     string             `json:"topUp,omitzero"`
}

func (d *Signed) stored() storedDeposit {
	s := storedDeposit{Channel: d.Channel, Before: d.Before, Amount: d.Deposit.Amount, TopUp: d.TopUp}
	if a := d.Deposit.Authorization.Erc3009; a != nil {
		s.From, s.Until, s.Nonce, s.Signature = a.ValidAfter, a.ValidBefore, a.Salt, a.Signature
		return s
	}
	a := d.Deposit.Authorization.Permit2
	s.Until, s.Nonce, s.Signature = a.Deadline, a.Nonce, a.Signature
	s.Payer, s.Token, s.Spender = a.From, a.Permitted.Token, a.Spender
	return s
}

func (s *storedDeposit) signed() Signed {
	d := Signed{Channel: s.Channel, Before: s.Before, TopUp: s.TopUp, Deposit: &x402.Deposit{Amount: s.Amount}}
	if s.Spender == (common.Address{}) {
		d.Deposit.Authorization.Erc3009 = &x402.Erc3009Authorization{ValidAfter: s.From, ValidBefore: s.Until, Salt: s.Nonce, Signature: s.Signature}
		return d
	}
	d.Deposit.Authorization.Permit2 = &x402.Permit2Authorization{
		From: s.Payer, Permitted: x402.Permitted{Token: s.Token, Amount: s.Amount}, Spender: s.Spender,
		Nonce: s.Nonce, Deadline: s.Until, Witness: x402.Witness{ChannelID: s.Channel}, Signature: s.Signature,
	}
	return d
}

// MarshalJSON writes the deposit as the book has it.
func (d Signed) MarshalJSON() ([]byte, error) { return json.Marshal(d.stored()) }

// UnmarshalJSON reads what MarshalJSON has written.
func (d *Signed) UnmarshalJSON(raw []byte) error {
	var s storedDeposit
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	*d = s.signed()
	return nil
}

// until is when the deposit cannot be submitted any more.
func (d *Signed) until() time.Time {
	seconds := uint64(0)
	if permit := d.Deposit.Authorization.Permit2; permit != nil {
		seconds = permit.Deadline + 1
	} else {
		seconds = d.Deposit.Authorization.Erc3009.ValidBefore
	}
	return time.Unix(int64(min(seconds, 1<<62)), 0).UTC()
}

// nonce is what the authorization can be used once with.
func (d *Signed) nonce() *big.Int {
	if permit := d.Deposit.Authorization.Permit2; permit != nil {
		return permit.Nonce
	}
	return d.Deposit.Authorization.Erc3009.Salt
}

// over says whether the deposit has run out, by this machine's clock and by the chain's.
func (d *Signed) over(now, head time.Time) bool {
	return !now.Before(d.until()) && !head.Before(d.until())
}

// Shown says whether a channel's balance shows the deposit.
func (d *Signed) Shown(balance vouchers.Amount) bool {
	return balance >= d.Before.Plus(d.Deposit.Amount)
}

// Warn adds to a refusal that what was signed is still good.
func (d *Signed) Warn(err error) error {
	return fmt.Errorf("%w; the deposit of %s that was signed may still be made until %s, and the same one is sent again until then",
		err, d.Deposit.Amount, d.until().Format(time.RFC3339))
}

// authorized is what the escrow is given for the deposit.
func (d *Signed) authorized(config vouchers.ChannelConfig) funding.Authorized {
	if a := d.Deposit.Authorization.Permit2; a != nil {
		return funding.Permit2Deposit{Config: config, Amount: d.Deposit.Amount, Nonce: a.Nonce, Deadline: a.Deadline, Signature: a.Signature}
	}
	a := d.Deposit.Authorization.Erc3009
	return funding.Deposit{
		Config: config, Amount: d.Deposit.Amount, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Salt: a.Salt, Signature: a.Signature,
	}
}
