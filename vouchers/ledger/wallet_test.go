package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// wallet answers for a contract that takes one signature for everything.
type wallet struct {
	takes vouchers.Signature
	err   error
	asked int
}

func (w *wallet) IsValidSignature(_ context.Context, d vouchers.Deployment, _ common.Address, _ common.Hash, sig vouchers.Signature) (bool, error) {
	w.asked++
	return d == deployment && bytes.Equal(sig, w.takes), w.err
}

// newContractPayer returns a payer that is a contract: no authorizer signs for it.
func newContractPayer(t *testing.T) *payer {
	p := newPayer(t, "payer")
	p.config.Payer, p.config.PayerAuthorizer = common.Address{9}, common.Address{}
	p.id = domain.ChannelID(p.config)
	return p
}

func TestAContractMaySignByItsOwnRules(t *testing.T) {
	w := &wallet{takes: bytes.Repeat([]byte{7}, 300)}
	s := newShop(t, ledger.WithContractSigner(w))
	p := newContractPayer(t).deposits(s, 1000)
	payment := p.pays(100, 100)
	payment.Signature = w.takes
	s.call(payment)
	for range 2 {
		if c := s.channel(p); c.Charged != 100 || !bytes.Equal(c.Signature, w.takes) {
			t.Errorf("%+v", c)
		}
		s.restart()
	}
	payment = p.pays(200, 100)
	for _, bad := range []vouchers.Signature{payment.Signature, nil, make(vouchers.Signature, vouchers.MaxSignature+1)} {
		payment.Signature = bad
		s.refused(payment, ledger.ErrVoucherSignature)
	}
	w.err = errors.New("the node is down")
	payment.Signature = w.takes
	s.refused(payment, ledger.ErrSignatureUnavailable)
}

// Whoever signs for itself could be served, become a contract that takes nothing
// back as signed, and never be claimed from.
func TestAPayerWithoutAnAuthorizerIsTakenAtItsWordOnlyOnRequest(t *testing.T) {
	p := newPayer(t, "payer")
	p.config.PayerAuthorizer = common.Address{}
	p.id = domain.ChannelID(p.config)

	s := newShop(t)
	refusal := s.refused(p.deposits(s, 1000).pays(100, 100), ledger.ErrVoucherSignature)
	if !strings.Contains(refusal.Error(), "payerAuthorizer") || refusal.State.ID != p.id {
		t.Errorf("%v, %+v", refusal, refusal.State)
	}
	s = newShop(t, ledger.WithContractSigner(&wallet{}))
	s.call(p.deposits(s, 1000).pays(100, 100))
}

func TestAContractIsNotAskedTheSameTwiceInAShortTime(t *testing.T) {
	w := &wallet{takes: make(vouchers.Signature, 70)}
	s := newShop(t, ledger.WithContractSigner(w))
	p := newContractPayer(t).deposits(s, 1000)
	payment := p.pays(100, 100)
	payment.Signature = w.takes
	for range 5 {
		s.reserve(payment).Release()
	}
	if w.asked != 1 {
		t.Errorf("asked %d times", w.asked)
	}
	s.clock.advance(30 * time.Second)
	s.reserve(payment).Release()
	if w.asked != 2 {
		t.Errorf("asked %d times after a while", w.asked)
	}
}

func TestAnAuthorizersSignatureIsNoMatterForContracts(t *testing.T) {
	w := &wallet{takes: make(vouchers.Signature, 70)}
	s := newShop(t, ledger.WithContractSigner(w))
	p := newPayer(t, "payer").deposits(s, 1000)
	payment := p.pays(100, 100)
	payment.Signature = w.takes
	s.refused(payment, ledger.ErrVoucherSignature)
	if w.asked != 0 {
		t.Errorf("asked %d times", w.asked)
	}
	s.call(p.pays(100, 100))
}

func TestTheSignatureOfASnapshotIsOneThatEveryEscrowTakes(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(100, 100)) // from here on the check leaves the parity open
	for ceiling, spoil := range map[vouchers.Amount]func(vouchers.Signature) vouchers.Signature{
		200: func(sig vouchers.Signature) vouchers.Signature { sig[64] = 55 - sig[64]; return sig },
		300: func(sig vouchers.Signature) vouchers.Signature { sig[32] |= (sig[64] - 27) << 7; return sig[:64] },
		400: func(sig vouchers.Signature) vouchers.Signature { sig[32] |= (28 - sig[64]) << 7; return sig[:64] },
	} {
		s := newShop(t)
		p.deposits(s, 1000)
		s.call(p.pays(100, 100))
		payment := p.pays(ceiling, 100)
		want := bytes.Clone(payment.Signature)
		payment.Signature = spoil(payment.Signature)
		s.call(payment)
		for range 2 {
			if c := s.channel(p); !bytes.Equal(c.Signature, want) {
				t.Errorf("ceiling %d: %s, want %s", ceiling, c.Signature, want)
			}
			for c := range s.Channels() {
				if !bytes.Equal(c.Signature, want) {
					t.Errorf("ceiling %d in the list: %s, want %s", ceiling, c.Signature, want)
				}
			}
			s.restart()
		}
	}
}
