package ledger_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

const (
	balance = 1000
	price   = 100
)

// rule is a payment that is refused, and by which rule.
type rule struct {
	want  error
	given func(*shop, *payer) ledger.Payment
}

// strangersRules refuse payments of another channel, or signed by another key.
var strangersRules = map[string]rule{
	"an unknown channel": {ledger.ErrChannelNotFound, func(_ *shop, p *payer) ledger.Payment {
		return newPayer(p.t, "stranger").pays(price, price)
	}},
	"a channel id that is another config's": {ledger.ErrChannelID, func(_ *shop, p *payer) ledger.Payment {
		payment := p.pays(price, price)
		payment.Config.Salt = common.Hash{1}
		return payment
	}},
	"an unknown channel id that is no config's": {ledger.ErrChannelID, func(_ *shop, p *payer) ledger.Payment {
		payment := p.pays(price, price)
		payment.Voucher.Channel = vouchers.ChannelID{1}
		return payment
	}},
	"a channel of another deployment": {ledger.ErrChannelID, func(_ *shop, p *payer) ledger.Payment {
		payment := p.pays(price, price)
		payment.Deployment.ChainID++
		return payment
	}},
	"another key's signature": {ledger.ErrVoucherSignature, func(_ *shop, p *payer) ledger.Payment {
		payment := p.pays(price, price)
		payment.Signature = newPayer(p.t, "thief").pays(price, price).Signature
		return payment
	}},
	"a signature over another ceiling": {ledger.ErrVoucherSignature, func(s *shop, p *payer) ledger.Payment {
		s.call(p.pays(price, price)) // the key is known from here on
		payment := p.pays(2*price, price)
		payment.Signature = p.pays(3*price, price).Signature
		return payment
	}},
	"no signature": {ledger.ErrVoucherSignature, func(_ *shop, p *payer) ledger.Payment {
		payment := p.pays(price, price)
		payment.Signature = nil
		return payment
	}},
}

// ceilingRules refuse ceilings that say too little, or are used up.
var ceilingRules = map[string]rule{
	"a ceiling that was claimed already": {ledger.ErrCeilingBelowClaimed, func(s *shop, p *payer) ledger.Payment {
		p.is(s, vouchers.ChainState{Balance: balance, Claimed: price})
		return p.pays(price, price)
	}},
	"a ceiling below what was claimed": {ledger.ErrCeilingBelowClaimed, func(s *shop, p *payer) ledger.Payment {
		p.is(s, vouchers.ChainState{Balance: balance, Claimed: price})
		return p.pays(price-1, 0)
	}},
	"a ceiling short of the price": {ledger.ErrCeilingMismatch, func(_ *shop, p *payer) ledger.Payment {
		return p.pays(price-1, price)
	}},
	"a ceiling that forgets what was charged": {ledger.ErrCeilingMismatch, func(s *shop, p *payer) ledger.Payment {
		s.call(p.pays(price, price))
		return p.pays(2*price-1, price)
	}},
	"a ceiling that has bought another call": {ledger.ErrCeilingMismatch, func(s *shop, p *payer) ledger.Payment {
		s.call(p.pays(5*price, price))
		return p.pays(5*price, price)
	}},
	"a ceiling that has bought credit": {ledger.ErrCeilingMismatch, func(s *shop, p *payer) ledger.Payment {
		if err := s.reserve(p.pays(5*price, price)).SetAside(context.Background()); err != nil {
			p.t.Fatal(err)
		}
		return p.pays(5*price, price)
	}},
}

// balanceRules refuse what the channel cannot pay.
var balanceRules = map[string]rule{
	"a ceiling above the balance": {ledger.ErrCeilingAboveBalance, func(_ *shop, p *payer) ledger.Payment {
		return p.pays(balance+1, price)
	}},
	"a price above what is left of the balance": {ledger.ErrInsufficientBalance, func(s *shop, p *payer) ledger.Payment {
		s.call(p.pays(balance-price+1, balance-price+1))
		return p.pays(balance, price)
	}},
	"a price above what is left of the balance for vouchers": {ledger.ErrInsufficientBalance, func(s *shop, p *payer) ledger.Payment {
		if err := s.reserve(p.pays(balance-price+1, balance-price+1)).SetAside(context.Background()); err != nil {
			p.t.Fatal(err)
		}
		return p.pays(balance, price)
	}},
	"a price that fits no balance": {ledger.ErrInsufficientBalance, func(s *shop, p *payer) ledger.Payment {
		s.call(p.pays(price, price))
		return p.pays(balance, math.MaxUint64)
	}},
	"a withdrawal that may come before a claim":           {ledger.ErrWithdrawalPending, withdrawing(1, 300*time.Second)},
	"a withdrawal that is due":                            {ledger.ErrWithdrawalPending, withdrawing(1, -time.Hour)},
	"a withdrawal that leaves too little":                 {ledger.ErrWithdrawalPending, withdrawing(balance-price+1, 301*time.Second)},
	"a withdrawal of more than the balance is ever going": {ledger.ErrWithdrawalPending, withdrawing(math.MaxUint64, time.Hour)},
}

// callRules refuse calls where too many are in flight, or another has the identifier.
var callRules = map[string]rule{
	"a frozen channel": {ledger.ErrChannelFrozen, func(s *shop, p *payer) ledger.Payment {
		if _, err := s.Freeze(p.id); err != nil {
			p.t.Fatal(err)
		}
		return p.pays(price, price)
	}},
	"one call in flight more than may be": {ledger.ErrTooManyInFlight, func(s *shop, p *payer) ledger.Payment {
		for i := range vouchers.Amount(maxInFlight) {
			s.reserve(p.pays(i+1, 1))
		}
		return p.pays(price+maxInFlight, price)
	}},
	"an identifier that is too long": {ledger.ErrIdentifier, func(_ *shop, p *payer) ledger.Payment {
		return as(p.pays(price, price), strings.Repeat("x", ledger.MaxIdentifier+1))
	}},
	"an identifier of another payment in flight": {ledger.ErrIdentifierConflict, func(s *shop, p *payer) ledger.Payment {
		s.reserve(as(p.pays(price, price), "id"))
		return as(p.pays(2*price, price), "id")
	}},
	"an identifier of another payment that was answered": {ledger.ErrIdentifierConflict, func(s *shop, p *payer) ledger.Payment {
		s.call(as(p.pays(price, price), "id"))
		return as(p.pays(2*price, price), "id")
	}},
	"an identifier whose answer was too large": {ledger.ErrAnswerGone, func(s *shop, p *payer) ledger.Payment {
		payment := as(p.pays(price, price), "id")
		if _, err := s.reserve(payment).Commit(context.Background(), price, saying(strings.Repeat("x", maxAnswer+1))); err != nil {
			p.t.Fatal(err)
		}
		return payment
	}},
}

// withdrawing is a channel whose payer takes an amount out after a while.
func withdrawing(amount vouchers.Amount, after time.Duration) func(*shop, *payer) ledger.Payment {
	return func(s *shop, p *payer) ledger.Payment {
		p.is(s, vouchers.ChainState{Balance: balance, Withdrawal: vouchers.Withdrawal{
			Amount: amount, FinalizeAfter: uint64(s.clock.time().Add(after).Unix()),
		}})
		return p.pays(price, price)
	}
}

func TestEveryRuleRefusesByItsSentinel(t *testing.T) {
	for _, rules := range []map[string]rule{strangersRules, ceilingRules, balanceRules, callRules} {
		for name, rule := range rules {
			t.Run(name, func(t *testing.T) {
				s := newShop(t, ledger.WithMaxInFlight(maxInFlight), ledger.WithMaxAnswer(maxAnswer))
				p := newPayer(t, "payer").deposits(s, balance)
				payment := rule.given(s, p)
				before, _ := s.Channel(p.id)
				refusal := s.refused(payment, rule.want)
				if after, _ := s.Channel(p.id); !sameMoney(before, after) {
					t.Errorf("the refusal changed %+v to %+v", before, after)
				}
				if refusal.State.ID != (vouchers.ChannelID{}) && !sameMoney(refusal.State, before) {
					t.Errorf("the refusal says %+v, the channel is %+v", refusal.State, before)
				}
				if !strings.Contains(refusal.Error(), rule.want.Error()) {
					t.Errorf("the refusal reads %q", refusal)
				}
			})
		}
	}
}

const (
	maxInFlight = 4
	maxAnswer   = 1000 // bytes
)

func sameMoney(a, b ledger.Channel) bool {
	return a.ID == b.ID && a.Balance == b.Balance && a.Claimed == b.Claimed && a.Charged == b.Charged && a.Reserved == b.Reserved &&
		a.Aside == b.Aside && a.Ceiling == b.Ceiling && a.InFlight == b.InFlight && a.Withdrawal == b.Withdrawal
}

func TestARefusalCarriesWhatThePayerNeedsToSignAgain(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	first := p.pays(100, 100)
	s.call(first)
	refusal := s.refused(p.pays(150, 100), ledger.ErrCeilingMismatch)
	if refusal.Required != 200 || refusal.Available != 150 {
		t.Errorf("required %d, available %d", refusal.Required, refusal.Available)
	}
	if c := refusal.State; c.ID != p.id || c.Charged != 100 || c.Ceiling != 100 || string(c.Signature) != string(first.Signature) || c.Config != p.config || c.Deployment != deployment {
		t.Errorf("state %+v", c)
	}
	if text := refusal.Error(); !strings.Contains(text, "required 0.0002 USDC, available 0.00015 USDC") {
		t.Errorf("it reads %q", text)
	}
	s.call(p.pays(refusal.Required, 100))
}

func TestJustWithinEveryRuleACallIsAccepted(t *testing.T) {
	for name, given := range map[string]func(*shop, *payer) ledger.Payment{
		"all of the balance": func(_ *shop, p *payer) ledger.Payment { return p.pays(1000, 1000) },
		"one more than was claimed": func(s *shop, p *payer) ledger.Payment {
			p.is(s, vouchers.ChainState{Balance: 1000, Claimed: 100})
			return p.pays(101, 1)
		},
		"a withdrawal that leaves enough and comes late enough": func(s *shop, p *payer) ledger.Payment {
			p.is(s, vouchers.ChainState{Balance: 1000, Withdrawal: vouchers.Withdrawal{Amount: 900, FinalizeAfter: uint64(s.clock.time().Unix()) + 301}})
			return p.pays(100, 100)
		},
		"the longest identifier": func(_ *shop, p *payer) ledger.Payment {
			return as(p.pays(100, 100), strings.Repeat("x", ledger.MaxIdentifier))
		},
		"a free call": func(_ *shop, p *payer) ledger.Payment { return p.pays(0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			p := newPayer(t, "payer").deposits(s, 1000)
			payment := given(s, p)
			before := s.channel(p).Charged
			if charge := s.call(payment); charge.Charged != payment.Price || charge.Cumulative != before+payment.Price {
				t.Errorf("charge %+v", charge)
			}
		})
	}
}

func TestOpenRefusesWhatNoEscrowWouldAccept(t *testing.T) {
	s := newShop(t)
	config := newPayer(t, "payer").config
	config.WithdrawDelay = 1
	if _, err := s.Open(t.Context(), deployment, config, vouchers.ChainState{}); !errors.Is(err, vouchers.ErrWithdrawDelay) {
		t.Errorf("open: %v", err)
	}
	if s.Len() != 0 {
		t.Errorf("%d channels", s.Len())
	}
}

func TestWhatIsNotThereIsSaidNotToBe(t *testing.T) {
	s := newShop(t)
	id := vouchers.ChannelID{1}
	_, frozen := s.Freeze(id)
	_, drawn := s.Draw(t.Context(), id, 1)
	for name, err := range map[string]error{
		"set chain":   s.SetChain(t.Context(), id, vouchers.ChainState{}),
		"reorganized": s.Reorganized(t.Context(), id, vouchers.ChainState{}),
		"claimed":     s.Claimed(t.Context(), id, 1),
		"give back":   s.GiveBack(t.Context(), id, 1),
		"freeze":      frozen,
		"draw":        drawn,
	} {
		if !errors.Is(err, ledger.ErrChannelNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, found := s.Channel(id); found {
		t.Error("the channel is found")
	}
}
