package agent

import (
	"context"
	"errors"

	"github.com/chitpay/chit/vouchers"
)

// channelTally is the tally of a channel's account.
type channelTally struct {
	purse *purse
	id    vouchers.ChannelID
}

func (t channelTally) Concede(amount vouchers.Amount) error { return t.count(concedes, amount) }

func (t channelTally) Exceed(amount vouchers.Amount) error { return t.count(exceeds, amount) }

func (t channelTally) Fits() error {
	if !t.purse.policy.Counts() {
		return nil
	}
	return t.purse.decide(context.Background(), &order{change: change{day: t.purse.today(), tool: signedPool, kind: fits}})
}

func (t channelTally) Restore(charged, beyond vouchers.Amount) error {
	return errors.Join(t.count(restores, charged), t.count(finds, beyond))
}

func (t channelTally) Resolve(charged, freed vouchers.Amount) {
	t.purse.later(change{day: t.purse.today(), channel: t.id, kind: resolves, amount: charged.Plus(freed), cost: charged})
}

func (t channelTally) ComeBack(amount vouchers.Amount) {
	t.purse.later(change{day: t.purse.today(), channel: t.id, kind: returns, amount: amount})
}

func (t channelTally) Arrive(amount vouchers.Amount) {
	t.ComeBack(amount)
	t.purse.later(change{day: t.purse.today(), channel: t.id, kind: restores, amount: amount, tool: lateTool})
}

func (t channelTally) count(k kind, amount vouchers.Amount) error {
	c := change{day: t.purse.today(), tool: signedPool, channel: t.id, kind: k, amount: amount}
	if k == restores {
		c.day, c.tool = "", restoredTool
	}
	if !t.purse.policy.Counts() || amount == 0 {
		t.purse.later(c)
		return nil
	}
	return t.purse.decide(context.Background(), &order{change: c})
}
