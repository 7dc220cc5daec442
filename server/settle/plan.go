package settle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// payee is what all rows of a batch share.
type payee struct {
	receiver, authorizer, token common.Address
	delay                       uint64 // seconds
}

func payeeOf(c vouchers.ChannelConfig) payee {
	return payee{c.Receiver, c.ReceiverAuthorizer, c.Token, c.WithdrawDelay}
}

// payees are those of all channels of the escrow.
func (s *Settler) payees() map[payee]struct{} {
	all := make(map[payee]struct{})
	for ch := range s.Ledger.Channels() {
		if ch.Deployment == s.Escrow.Deployment() {
			all[payee{receiver: ch.Config.Receiver, token: ch.Config.Token}] = struct{}{}
		}
	}
	return all
}

// ClaimOf claims what was charged, as far as the channel holds it and the voucher
// allows: the newest, or one that leaves the newest to the payer. Its value is 0 where
// nothing can be claimed.
func ClaimOf(ledger *ledger.Ledger, ch ledger.Channel, newest bool) escrow.Claim {
	r, ok := ledger.Redeem(ch.ID, newest)
	if !ok {
		return escrow.Claim{Config: ch.Config, Total: ch.Claimed, Before: ch.Claimed}
	}
	return escrow.Claim{Config: r.Config, Ceiling: r.Ceiling, Signature: r.Signature, Total: r.Total, Before: r.Claimed}
}

// publishesNewest reports whether a claim from a channel takes its newest voucher, and
// with it all that was charged: where a withdrawal is pending, where the channel is not
// in use any more, and where much would be kept back. From one in use it takes an older
// voucher, because the newest, once it is on chain, does not prove who shows it to be the
// payer.
func (s *Settler) publishesNewest(ch ledger.Channel) bool {
	kept := ch.Claimable() - quietlyClaimable(ch)
	return ch.Withdrawal.FinalizeAfter > 0 || kept >= s.Policy.maxKeptBack() || s.now().Sub(ch.Used) >= s.Policy.idleAfter()
}

// quietlyClaimable is what can be claimed of a channel without its newest voucher.
func quietlyClaimable(ch ledger.Channel) vouchers.Amount {
	return max(min(ch.Charged, ch.Quiet), ch.Claimed) - ch.Claimed
}

// claimableNow is what a settlement that is not final claims of a channel.
func (s *Settler) claimableNow(ch ledger.Channel) vouchers.Amount {
	if s.publishesNewest(ch) {
		return ch.Claimable()
	}
	return quietlyClaimable(ch)
}

// gather returns what is to be claimed, most valuable first, by who is paid. It
// looks at the chain first: what was claimed or withdrawn meanwhile is known then. A
// channel that cannot be read is claimed from as the ledger has it, and the escrow says
// whether it may be.
func (r *settling) gather(ctx context.Context) (map[payee][]escrow.Claim, error) {
	var asked []vouchers.ChannelConfig
	for ch := range r.Ledger.Channels() {
		if ch.Claimable() > 0 && ch.Deployment == r.Escrow.Deployment() && r.wants(ch) {
			asked = append(asked, ch.Config)
		}
	}
	failed := r.refresh(ctx, asked, false)
	groups := make(map[payee][]escrow.Claim)
	var bad []escrow.Rejected
	for _, config := range asked {
		ch, _ := r.Ledger.Channel(r.Escrow.Domain().ChannelID(config))
		claim := ClaimOf(r.Ledger, ch, r.req.Final || r.publishesNewest(ch))
		held := max(min(ch.Charged, ch.Balance), ch.Claimed)
		if ch.Charged > held {
			bad = append(bad, missing(ch, held))
		}
		r.done.KeptBack += held - max(min(claim.Total, held), ch.Claimed)
		if claim.Value() > 0 && claim.Value() >= r.req.MinValue {
			groups[payeeOf(ch.Config)] = append(groups[payeeOf(ch.Config)], claim)
		}
	}
	for _, claims := range groups {
		slices.SortFunc(claims, func(a, b escrow.Claim) int { return cmp.Compare(b.Value(), a.Value()) })
	}
	return groups, errors.Join(failed, r.putAside(ctx, bad))
}

// missing is the part of a charge that the channel does not hold.
func missing(ch ledger.Channel, held vouchers.Amount) escrow.Rejected {
	lost := escrow.Claim{Config: ch.Config, Before: held, Total: ch.Charged}
	return escrow.Rejected{Claim: lost, Err: fmt.Errorf("%s were charged and the channel holds %s: a deposit was lost in a reorganization, or money was withdrawn first", ch.Charged, ch.Balance)}
}

func (r *settling) wants(ch ledger.Channel) bool {
	switch {
	case len(r.req.Channels) > 0 && !slices.Contains(r.req.Channels, ch.ID):
		return false
	case ch.Claimable() < r.req.MinValue:
		return false
	case r.req.automatic && !AtRisk(ch):
		return r.Asides.isDue(ch.ID, r.now())
	}
	return true
}

// refresh takes the chain's view of channels into the ledger where it differs. With
// dated it does so too where only the block is newer, so that no view from before it
// can take its place.
func (r *settling) refresh(ctx context.Context, configs []vouchers.ChannelConfig, dated bool) error {
	var group errgroup.Group
	group.SetLimit(bookers)
	unread := r.Escrow.States(ctx, configs, r.Confirmations, func(i int, state vouchers.ChainState) {
		id := r.Escrow.Domain().ChannelID(configs[i])
		ch, known := r.Ledger.Channel(id)
		if !known || !dated && isKnown(ch, state) {
			return
		}
		group.Go(func() error {
			r.Learned(id)
			return r.Ledger.SetChain(ctx, id, state)
		})
	})
	return errors.Join(unread, group.Wait())
}

// isKnown reports whether a view brings nothing that needs to be written.
func isKnown(ch ledger.Channel, s vouchers.ChainState) bool {
	return ch.Balance == s.Balance && ch.Claimed == s.Claimed && ch.Withdrawal == s.Withdrawal && ch.RefundNonce == s.RefundNonce
}

// plan simulates the claims. An automatic settlement postpones those whose share of
// the gas costs too much, until those that are left are worth it.
func (r *settling) plan(ctx context.Context, claims []escrow.Claim) (escrow.Plan, error) {
	var failed []error
	for {
		plan, err := r.Escrow.Plan(ctx, r.Sender.Address(), claims)
		if err != nil {
			return plan, errors.Join(append(failed, err)...)
		}
		failed = append(failed, r.putAside(ctx, plan.Rejected))
		switch rest := r.worth(plan); {
		case rest == nil:
			return plan, errors.Join(failed...)
		case len(rest) == 0:
			return escrow.Plan{}, errors.Join(failed...)
		default:
			claims = rest
		}
	}
}

// worth returns the claims of a plan without those that cost too much, and nil if
// there are none of those.
func (r *settling) worth(plan escrow.Plan) []escrow.Claim {
	rows, gas := 0, uint64(0)
	for i, batch := range plan.Batches {
		rows, gas = rows+len(batch), gas+plan.Gas[i]
	}
	if !r.req.automatic || rows == 0 {
		return nil
	}
	wei := new(big.Int).Mul(r.gasPrice, new(big.Int).SetUint64(gas/uint64(rows)))
	least, threatened := r.Policy.leastValue(wei)
	if least == 0 {
		return nil
	}
	rest := make([]escrow.Claim, 0, rows)
	for _, claim := range slices.Concat(plan.Batches...) {
		id := r.Escrow.Domain().ChannelID(claim.Config)
		if ch, _ := r.Ledger.Channel(id); claim.Value() >= least || claim.Value() >= threatened && AtRisk(ch) {
			rest = append(rest, claim)
			continue
		}
		r.done.Postponed = append(r.done.Postponed, SetAside{
			Channel: id, Value: claim.Value(), Reason: fmt.Sprintf("its gas is worth it from %s on", least),
		})
	}
	if len(rest) == rows {
		return nil
	}
	return rest
}

// putAside remembers claims that the escrow does not take. One that was made before
// is none of them.
func (r *settling) putAside(ctx context.Context, rejected []escrow.Rejected) error {
	var failed []error
	for _, bad := range rejected {
		id := r.Escrow.Domain().ChannelID(bad.Config)
		if errors.Is(bad.Err, escrow.ErrStale) {
			if err := r.refresh(ctx, []vouchers.ChannelConfig{bad.Config}, false); err != nil {
				failed = append(failed, err)
			}
			continue
		}
		entry := SetAside{Channel: id, Value: bad.Value(), Reason: bad.Err.Error()}
		if !r.req.DryRun {
			r.Logger.Error("money that was charged cannot be claimed now: it is set aside, and tried again by itself; `chit channels` shows it, and the payer can say more",
				"channel", id, "payer", bad.Config.Payer, "amount", bad.Value().String(), "reason", bad.Err)
			var err error
			if entry, err = r.Asides.put(ctx, entry, r.now()); err != nil {
				failed = append(failed, err)
			}
		}
		r.done.SetAside = append(r.done.SetAside, entry)
	}
	return errors.Join(failed...)
}

func value(batch []escrow.Claim) vouchers.Amount {
	var sum vouchers.Amount
	for _, claim := range batch {
		sum += claim.Value()
	}
	return sum
}
