package agent

import (
	"context"
	"time"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

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
func (p *payer) usedUp(ctx context.Context, ch *channel, d *signedDeposit) bool {
	hosts, all := make(map[string]bool), p.chain.Apart()
	for _, one := range all {
		hosts[one.Endpoint()] = true
	}
	if len(hosts) < 2 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeTime)
	defer cancel()
	for _, one := range all {
		used, balance, err := escrow.At(one, ch.addresses.Escrow).Outcome(ctx, d.authorized(ch.config))
		if err != nil || !used || d.shown(balance) {
			return false
		}
	}
	return true
}

// authorized is what the escrow is given for the deposit.
func (d *signedDeposit) authorized(config vouchers.ChannelConfig) funding.Authorized {
	if a := d.Deposit.Authorization.Permit2; a != nil {
		return funding.Permit2Deposit{Config: config, Amount: d.Deposit.Amount, Nonce: a.Nonce, Deadline: a.Deadline, Signature: a.Signature}
	}
	a := d.Deposit.Authorization.Erc3009
	return funding.Deposit{
		Config: config, Amount: d.Deposit.Amount, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Salt: a.Salt, Signature: a.Signature,
	}
}
