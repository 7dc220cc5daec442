package voucher

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// signedDeposit is a deposit that the payer lets the shop submit.
type signedDeposit struct {
	funding.Authorized
	config    vouchers.ChannelConfig
	amount    vouchers.Amount
	collector common.Address
	// key is the same for the same authorization.
	key string
}

// readDeposit holds a deposit against the terms that it comes with.
func (s *Seller) readDeposit(p *Payment, d *x402.DepositPayload) (*signedDeposit, *terms.Refusal) {
	announced, least := p.till.LeastDeposit()
	by3009, byPermit2 := d.Deposit.Authorization.Erc3009, d.Deposit.Authorization.Permit2
	switch {
	case p.byPermit2 && byPermit2 == nil:
		return nil, terms.Refuse(x402.ErrPermit2AuthorizationRequired, "the accepted terms are those of deposits by Permit2")
	case !p.byPermit2 && by3009 == nil:
		return nil, terms.Refuse(x402.ErrErc3009AuthorizationRequired, "the accepted terms are those of deposits by EIP-3009")
	case d.Deposit.Amount < least:
		s.met("leastDeposit")
		return nil, terms.Refuse(x402.ErrDepositBelowMinDeposit, "the deposit is %s, the least is %s", d.Deposit.Amount, announced)
	case p.byPermit2:
		return p.permitted(d.Deposit.Amount, byPermit2)
	}
	signed := funding.Deposit{
		Config:      p.Config,
		Amount:      d.Deposit.Amount,
		ValidAfter:  by3009.ValidAfter,
		ValidBefore: by3009.ValidBefore,
		Salt:        by3009.Salt,
		Signature:   by3009.Signature,
	}
	return &signedDeposit{signed, p.Config, signed.Amount, p.till.Collectors.EIP3009, signed.Nonce(p.Voucher.Channel).Hex()}, nil
}

// permitMargin is for how long a permit must still be good: it has to be mined by then.
const permitMargin = 6 * time.Second

// permitted holds a Permit2 authorization against the deposit that it is for.
func (p *Payment) permitted(amount vouchers.Amount, a *x402.Permit2Authorization) (*signedDeposit, *terms.Refusal) {
	collector := p.till.Collectors.Permit2
	switch {
	case a.From != p.Config.Payer:
		return nil, terms.Refuse(x402.ErrPermit2InvalidSignature, "the permit is from %s, the channel's payer is %s", a.From, p.Config.Payer)
	case a.Spender != collector:
		return nil, terms.Refuse(x402.ErrPermit2InvalidSpender, "the permit's spender is %s, the collector is %s", a.Spender, collector)
	case a.Permitted.Token != p.till.Token.Address:
		return nil, terms.Refuse(x402.ErrTokenMismatch, "the permit is for token %s, this shop takes %s", a.Permitted.Token, p.till.Token.Address)
	case a.Permitted.Amount != amount:
		return nil, terms.Refuse(x402.ErrPermit2AmountMismatch, "the permit is for %s, the deposit for %s", a.Permitted.Amount, amount)
	case a.Witness.ChannelID != p.Voucher.Channel:
		return nil, terms.Refuse(x402.ErrChannelIDMismatch, "the permit is for channel %s, the deposit for %s", a.Witness.ChannelID, p.Voucher.Channel)
	}
	signed := funding.Permit2Deposit{Config: p.Config, Amount: amount, Nonce: a.Nonce, Deadline: a.Deadline, Signature: a.Signature}
	key := signed.Digest(p.till.Deployment.ChainID, collector, p.Voucher.Channel).Hex()
	return &signedDeposit{signed, p.Config, amount, collector, key}, nil
}

// checkPermit says in x402's words why a permit that the chain would refuse is. A
// permit that was used already passes: its deposit may be the one that is asked for.
func (s *Seller) checkPermit(ctx context.Context, t *till.Till, d *signedDeposit) *terms.Refusal {
	permit, ok := d.Authorized.(funding.Permit2Deposit)
	if !ok {
		return nil
	}
	known, err := t.Escrow.Submitted(ctx, t.Sender, d.Authorized, d.collector)
	if err != nil {
		return terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
	}
	if known {
		return nil
	}
	head, err := t.Client.Header(ctx, nil)
	if err != nil {
		return terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
	}
	if permit.Deadline < head.Time+uint64(permitMargin.Seconds()) {
		return terms.Refuse(x402.ErrPermit2DeadlineExpired, "the permit's deadline is %d, the chain's time is %d", permit.Deadline, head.Time)
	}
	if refused := checkPermitSigner(ctx, t, permit, d); refused != nil {
		return refused
	}
	allowance, err := t.Token.Permit2Allowance(ctx, t.Client, d.config.Payer)
	if err != nil {
		return terms.Refuse(x402.ErrRPCReadFailed, "%v", err)
	}
	if allowance.Cmp(d.amount.Big()) < 0 {
		return terms.Refuse(x402.ErrPermit2AllowanceRequired, "Permit2 may move %s atomic units of %s of token %s: approve %s for %s", allowance, d.config.Payer, t.Token.Address, funding.Permit2, d.amount)
	}
	return nil
}

// checkPermitSigner checks the signature of a payer without code. Permit2 asks one
// with code itself, when the deposit is simulated.
func checkPermitSigner(ctx context.Context, t *till.Till, permit funding.Permit2Deposit, d *signedDeposit) *terms.Refusal {
	digest := permit.Digest(t.Deployment.ChainID, d.collector, t.Escrow.Domain().ChannelID(d.config))
	signer, err := vouchers.Recover(digest, permit.Signature)
	if err == nil && signer == d.config.Payer {
		return nil
	}
	code, lookup := t.Client.Code(ctx, d.config.Payer)
	switch {
	case lookup != nil:
		return terms.Refuse(x402.ErrRPCReadFailed, "%v", lookup)
	case len(code) > 0:
		return nil
	case err != nil:
		return terms.Refuse(x402.ErrPermit2InvalidSignature, "%v", err)
	}
	return terms.Refuse(x402.ErrPermit2InvalidSignature, "the permit is signed by %s, the payer is %s", signer, d.config.Payer)
}

// isPayers reports whether the payer's own key has signed the deposit. One that a
// contract answers for, which only the chain can tell, is none of those.
func (d *signedDeposit) isPayers(t *till.Till) bool {
	id := t.Escrow.Domain().ChannelID(d.config)
	var digest common.Hash
	var signature vouchers.Signature
	switch a := d.Authorized.(type) {
	case funding.Deposit:
		digest, signature = a.Digest(t.Token, d.collector, id), a.Signature
	case funding.Permit2Deposit:
		digest, signature = a.Digest(t.Deployment.ChainID, d.collector, id), a.Signature
	}
	signer, err := vouchers.Recover(digest, signature)
	return err == nil && signer == d.config.Payer
}
