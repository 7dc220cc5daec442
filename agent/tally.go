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

func (t channelTally) concede(amount vouchers.Amount) error { return t.count(concedes, amount) }

func (t channelTally) exceed(amount vouchers.Amount) error { return t.count(exceeds, amount) }

func (t channelTally) fits() error {
	if !t.purse.policy.counts() {
		return nil
	}
	return t.purse.decide(context.Background(), &order{change: change{day: t.purse.today(), tool: signedPool, kind: fits}})
}

func (t channelTally) restore(charged, beyond vouchers.Amount) error {
	return errors.Join(t.count(restores, charged), t.count(finds, beyond))
}

func (t channelTally) resolve(charged, freed vouchers.Amount) {
	t.purse.later(change{day: t.purse.today(), channel: t.id, kind: resolves, amount: charged.Plus(freed), cost: charged})
}

func (t channelTally) comeBack(amount vouchers.Amount) {
	t.purse.later(change{day: t.purse.today(), channel: t.id, kind: returns, amount: amount})
}

func (t channelTally) arrive(amount vouchers.Amount) {
	t.comeBack(amount)
	t.purse.later(change{day: t.purse.today(), channel: t.id, kind: restores, amount: amount, tool: lateTool})
}

func (t channelTally) count(k kind, amount vouchers.Amount) error {
	c := change{day: t.purse.today(), tool: signedPool, channel: t.id, kind: k, amount: amount}
	if k == restores {
		c.day, c.tool = "", restoredTool
	}
	if !t.purse.policy.counts() || amount == 0 {
		t.purse.later(c)
		return nil
	}
	return t.purse.decide(context.Background(), &order{change: c})
}
