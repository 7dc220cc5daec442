package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// authorizationTime is how long a server may take to submit a deposit.
const authorizationTime = 10 * time.Minute

// signedDeposit is a deposit that was signed, whose outcome the chain does not show yet.
// Until it does, or the deposit has run out, the same one is sent again, which moves its
// money once at most, and no other is signed for its channel.
type signedDeposit struct {
	Channel vouchers.ChannelID
	Deposit *x402.Deposit
	// Before is the channel's balance when it was signed, for a top-up the most that it was
	// seen to have.
	Before vouchers.Amount
	// TopUp is the day on which it counts against what top-ups may move, "" for one whose
	// amount somebody has typed.
	TopUp string
	// fresh says that this process has just signed it: nobody has it yet.
	fresh bool
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

func (d *signedDeposit) stored() storedDeposit {
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

func (s *storedDeposit) signed() signedDeposit {
	d := signedDeposit{Channel: s.Channel, Before: s.Before, TopUp: s.TopUp, Deposit: &x402.Deposit{Amount: s.Amount}}
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

// until is when the deposit cannot be submitted any more.
func (d *signedDeposit) until() time.Time {
	seconds := uint64(0)
	if permit := d.Deposit.Authorization.Permit2; permit != nil {
		seconds = permit.Deadline + 1
	} else {
		seconds = d.Deposit.Authorization.Erc3009.ValidBefore
	}
	return time.Unix(int64(min(seconds, 1<<62)), 0).UTC()
}

// nonce is what the authorization can be used once with.
func (d *signedDeposit) nonce() *big.Int {
	if permit := d.Deposit.Authorization.Permit2; permit != nil {
		return permit.Nonce
	}
	return d.Deposit.Authorization.Erc3009.Salt
}

// over says whether the deposit has run out, by this machine's clock and by the chain's.
func (d *signedDeposit) over(now, head time.Time) bool {
	return !now.Before(d.until()) && !head.Before(d.until())
}

// shown says whether a channel's balance shows the deposit.
func (d *signedDeposit) shown(balance vouchers.Amount) bool {
	return balance >= d.Before.Plus(d.Deposit.Amount)
}

// warn adds to a refusal that what was signed is still good.
func (d *signedDeposit) warn(err error) error {
	return fmt.Errorf("%w; the deposit of %s that was signed may still be made until %s, and the same one is sent again until then",
		err, d.Deposit.Amount, d.until().Format(time.RFC3339))
}

// awaited is outstanding, but forgets a deposit that the chain has as used up as well. It
// counts for its day all the same.
func (p *payer) awaited(ctx context.Context, ch *channel) (*signedDeposit, error) {
	found, err := p.outstanding(ctx, ch.id)
	if err != nil || found == nil || found.shown(ch.Balance()) || !p.usedUp(ctx, ch, found) {
		return found, err
	}
	return nil, p.forget(found)
}

// outstanding returns the deposit of a channel that has not run out, nil if there is none,
// and forgets those that have.
func (p *payer) outstanding(ctx context.Context, id vouchers.ChannelID) (*signedDeposit, error) {
	var found *signedDeposit
	head := time.Time{}
	err := p.deposits.updateDeposits(func(rows *depositRows) error {
		if len(rows.signed) > 0 {
			header, err := p.chain.Header(ctx, nil)
			if err != nil {
				return err
			}
			head = time.Unix(int64(header.Time), 0)
		}
		maps.DeleteFunc(rows.signed, func(_ vouchers.ChannelID, d signedDeposit) bool { return d.over(time.Now(), head) })
		if d, there := rows.signed[id]; there {
			found = &d
		}
		return nil
	})
	return found, err
}

// forget is for a deposit whose money is in its channel, or never will be.
func (p *payer) forget(signed *signedDeposit) error {
	return p.deposits.updateDeposits(func(rows *depositRows) error {
		rows.drop(signed)
		return nil
	})
}

// unsent forgets a deposit that was just signed, if it has provably not left this machine.
// It counts against nothing then.
func (p *payer) unsent(signed *signedDeposit, err error) (forgotten bool, _ error) {
	if !signed.fresh || !errors.Is(err, ErrUnreached) {
		return false, nil
	}
	return true, p.takeBack(signed)
}

func (p *payer) takeBack(signed *signedDeposit) error {
	return p.deposits.updateDeposits(func(rows *depositRows) error {
		rows.drop(signed)
		rows.giveBack(signed)
		return nil
	})
}

// keep writes a deposit down before it is sent anywhere. All that may yet come in counts
// against the most that one may move, and top-ups against what they may move in a day.
func (p *payer) keep(d signedDeposit) error {
	return p.deposits.updateDeposits(func(rows *depositRows) error {
		outstanding := d.Deposit.Amount
		for _, other := range rows.signed {
			outstanding = outstanding.Plus(other.Deposit.Amount)
		}
		if err := p.policy.AllowsDeposit(p.server, outstanding); err != nil {
			return fmt.Errorf("with deposits that were signed and may yet be made: %w", err)
		}
		if d.TopUp != "" {
			if err := p.policy.AllowsTopUp(p.server, d.Deposit.Amount, rows.toppedUp(d.TopUp), p.now()); err != nil {
				return err
			}
		}
		d.fresh = false // for who finds it there
		rows.add(d)
		return nil
	})
}

// authorize signs a deposit that the policy, the server and the wallet allow.
func (p *payer) authorize(ctx context.Context, ch *channel, amount vouchers.Amount, origin origin) (*signedDeposit, error) {
	if err := p.policy.AllowsDeposit(p.server, amount); err != nil {
		return nil, err
	}
	if amount == 0 || amount < ch.minDeposit {
		return nil, fmt.Errorf("%w: the server takes deposits of %s and more", ErrTerms, max(ch.minDeposit, 1))
	}
	if have, err := p.WalletBalance(ctx); err != nil {
		return nil, err
	} else if have < amount {
		return nil, fmt.Errorf("%w: %s has %s; send %s to that address first", ErrFunds, p.key.Address(), have, p.token.Symbol)
	}
	head, err := p.chain.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	until, err := validUntil(time.Now(), time.Unix(int64(head.Time), 0), chain.IsLocal(p.chain.ChainID()))
	if err != nil {
		return nil, err
	}
	signed := &signedDeposit{Channel: ch.id, Before: ch.Balance(), fresh: true}
	if origin == byItself {
		signed.TopUp, signed.Before = p.purse.Today(), ch.Known()
	}
	if ch.byPermit2() {
		signed.Deposit, err = p.permit(ctx, ch, amount, until)
	} else {
		signed.Deposit, err = p.authorization(ctx, ch, amount, until)
	}
	if err == nil {
		err = p.keep(*signed)
	}
	if err != nil {
		return nil, err
	}
	return signed, nil
}

// validUntil is the Unix second until which a deposit is good: some minutes by this
// machine's clock. A chain whose clock is ahead of it is not followed, unless it is a local
// one, where people move the clock.
func validUntil(now, head time.Time, local bool) (uint64, error) {
	if local && head.After(now) {
		now = head
	}
	until := now.Add(authorizationTime)
	if !head.Before(until) {
		return 0, fmt.Errorf("%w: the chain's node says that it is %s, this machine's clock says %s; nothing is signed until they agree",
			ErrTerms, head.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return uint64(max(0, until.Unix())), nil
}

// authorization signs a deposit by EIP-3009.
func (p *payer) authorization(ctx context.Context, ch *channel, amount vouchers.Amount, until uint64) (*x402.Deposit, error) {
	deposit := funding.Deposit{Config: ch.config, Amount: amount, Salt: funding.NewNonce(), ValidBefore: until}
	if err := deposit.Sign(ctx, p.key, p.token, ch.addresses.Collectors.EIP3009, ch.id); err != nil {
		return nil, err
	}
	return &x402.Deposit{Amount: amount, Authorization: x402.Authorization{Erc3009: &x402.Erc3009Authorization{
		ValidAfter: deposit.ValidAfter, ValidBefore: deposit.ValidBefore, Salt: deposit.Salt, Signature: deposit.Signature,
	}}}, nil
}
