package deposit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// Desk signs a payer's deposits for one server, and remembers them.
type Desk struct {
	// Table keeps those that may yet come in.
	Table Table
	Chain *chain.Client
	// Key owns the money, which is Token.
	Key    keys.Signer
	Token  funding.Token
	Policy *policy.Policy
	Server string
	Now    func() time.Time
}

func (k *Desk) today() string { return k.Now().UTC().Format(time.DateOnly) }

// Into is the channel that a deposit goes into.
type Into struct {
	Channel   vouchers.ChannelID
	Config    vouchers.ChannelConfig
	Addresses escrow.Addresses
	// Least is the least that the server takes.
	Least vouchers.Amount
	// ByPermit2 says that deposits are made by Permit2, and not by EIP-3009.
	ByPermit2 bool
	// Account is what is known of the channel's balance.
	Account interface {
		// Balance is what the channel holds, and Known the most that it was seen to hold.
		Balance() vouchers.Amount
		Known() vouchers.Amount
	}
}

// Awaited is [Desk.Outstanding], but forgets a deposit that the chain has as used up as well. It
// counts for its day all the same.
func (k *Desk) Awaited(ctx context.Context, into Into) (*Signed, error) {
	found, err := k.Outstanding(ctx, into.Channel)
	if err != nil || found == nil || found.Shown(into.Account.Balance()) || !k.usedUp(ctx, into, found) {
		return found, err
	}
	return nil, k.Forget(found)
}

// Outstanding returns the deposit of a channel that has not run out, nil if there is none,
// and forgets those that have.
func (k *Desk) Outstanding(ctx context.Context, id vouchers.ChannelID) (*Signed, error) {
	var found *Signed
	head := time.Time{}
	err := k.Table.UpdateDeposits(func(rows *Rows) error {
		if len(rows.Signed) > 0 {
			header, err := k.Chain.Header(ctx, nil)
			if err != nil {
				return err
			}
			head = time.Unix(int64(header.Time), 0)
		}
		maps.DeleteFunc(rows.Signed, func(_ vouchers.ChannelID, d Signed) bool { return d.over(time.Now(), head) })
		if d, there := rows.Signed[id]; there {
			found = &d
		}
		return nil
	})
	return found, err
}

// Forget is for a deposit whose money is in its channel, or never will be.
func (k *Desk) Forget(signed *Signed) error {
	return k.Table.UpdateDeposits(func(rows *Rows) error {
		rows.drop(signed)
		return nil
	})
}

// TakeBack forgets a deposit that was just signed, and has provably not left this machine.
// It counts against nothing then.
func (k *Desk) TakeBack(signed *Signed) error {
	return k.Table.UpdateDeposits(func(rows *Rows) error {
		rows.drop(signed)
		rows.giveBack(signed)
		return nil
	})
}

// keep writes a deposit down before it is sent anywhere. All that may yet come in counts
// against the most that one may move, and top-ups against what they may move in a day.
func (k *Desk) keep(d Signed) error {
	return k.Table.UpdateDeposits(func(rows *Rows) error {
		outstanding := d.Deposit.Amount
		for _, other := range rows.Signed {
			outstanding = outstanding.Plus(other.Deposit.Amount)
		}
		if err := k.Policy.AllowsDeposit(k.Server, outstanding); err != nil {
			return fmt.Errorf("with deposits that were signed and may yet be made: %w", err)
		}
		if d.TopUp != "" {
			if err := k.Policy.AllowsTopUp(k.Server, d.Deposit.Amount, rows.toppedUp(d.TopUp), k.Now()); err != nil {
				return err
			}
		}
		d.Fresh = false // for who finds it there
		rows.add(d)
		return nil
	})
}

// ErrFunds says that the payer's own account has not enough.
var ErrFunds = errors.New("not enough in the wallet")

// outcomeTime is how long the endpoints may take to say what became of a deposit.
const outcomeTime = 10 * time.Second

// usedUp says whether the chain has the authorization of a deposit as used up, and the
// channel's balance does not show the deposit: its payer cancelled it, or its money came
// in and has left the channel. Then it moves nothing any more, and another one may be
// signed.
//
// That must be said by two endpoints at least, on different hosts, and by each that is
// configured. A node that says so alone, and falsely, would have a deposit signed beside
// one that is still good, for each time it is asked. A payer with one endpoint waits
// until the deposit has run out.
func (k *Desk) usedUp(ctx context.Context, into Into, d *Signed) bool {
	hosts, all := make(map[string]bool), k.Chain.Apart()
	for _, one := range all {
		hosts[one.Endpoint()] = true
	}
	if len(hosts) < 2 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeTime)
	defer cancel()
	for _, one := range all {
		used, balance, err := escrow.At(one, into.Addresses.Escrow).Outcome(ctx, d.authorized(into.Config))
		if err != nil || !used || d.Shown(balance) {
			return false
		}
	}
	return true
}
