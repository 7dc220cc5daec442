package exact

import (
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// Policy says how a shop takes transfers.
type Policy struct {
	// Surcharge is asked on top of each price, in atomic USDC, for what a transfer costs to settle.
	Surcharge vouchers.Amount
	// Trust is what is answered before its transfer is settled.
	Trust Trust
	// Wait is how long an answer waits for its transfer to be settled; 0 is [DefaultWait].
	// Whoever asks again with the same payment afterwards gets the answer then.
	Wait time.Duration
	// Siblings are the keys of other shops, with stores of their own, that are paid to the same
	// address: what one of them has sent was paid for at that shop, and not here.
	Siblings []common.Address
}

// DefaultWait is how long an answer waits for its transfer where the policy says nothing.
const DefaultWait = 45 * time.Second

// Trust bounds what can be lost by transfers that are answered before they are settled, in
// atomic USDC. Zero trusts nobody.
type Trust struct {
	// PerPayer is how much of one payer may be out at once, and Total of all, with what has
	// failed for good.
	PerPayer, Total vouchers.Amount
}

// ErrTrust says that a [Trust] makes no sense.
var ErrTrust = errors.New("not a limit of trust")

// Check refuses one of which only a half is set, or that trusts one payer with more than all
// together, with an error that wraps [ErrTrust].
func (t Trust) Check() error {
	switch {
	case (t.PerPayer == 0) != (t.Total == 0):
		return fmt.Errorf("%w: perPayer is %s and total is %s: set both or none", ErrTrust, t.PerPayer, t.Total)
	case t.PerPayer > t.Total:
		return fmt.Errorf("%w: perPayer is %s, which is more than total, %s", ErrTrust, t.PerPayer, t.Total)
	}
	return nil
}
