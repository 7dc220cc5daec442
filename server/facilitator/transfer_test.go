package facilitator_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func byPermit2(t *transfer.Transfer) { t.Method, t.Spender = transfer.Permit2, transfer.ExactProxy }

func upTo(facilitator common.Address) func(*transfer.Transfer) {
	return func(t *transfer.Transfer) {
		t.Method, t.Spender, t.Facilitator = transfer.Upto, transfer.UptoProxy, facilitator
	}
}

func TestAPaymentIsVerifiedAndSettledInEachVersionAndByEachMethod(t *testing.T) {
	w := newWorld(t, 1, base).open()
	sender := w.options.Chains[0].Keys[0].Address()
	sponsored := w.payer(base, "sponsored", usdc)
	bySponsor := w.signed(base, sponsored, usdc/10, byPermit2)
	if err := bySponsor.SignPermit(t.Context(), sponsored, w.token[base], 0, bySponsor.ValidBefore); err != nil {
		t.Fatal(err)
	}
	bySponsor.extensions = object{"eip2612GasSponsoring": object{"info": object{
		"from": bySponsor.From, "asset": bySponsor.Token, "spender": x402.Permit2, "amount": bySponsor.Value.Atomic(), "nonce": "0",
		"deadline": number(bySponsor.Permit.Deadline), "signature": bySponsor.Permit.Signature, "version": "1",
	}}}
	approved := w.payer(base, "approved", usdc)
	w.approves(base, approved)
	one := w.signed(base, w.payer(base, "v1", usdc), usdc/10)
	ceiling := w.signed(base, approved, usdc/2, upTo(sender))
	below := w.signed(base, approved, usdc/2, upTo(sender))
	below.Transfer = ceiling.Transfer
	below.terms["amount"] = (usdc / 5).Atomic()
	for name, c := range map[string]struct {
		verified, settled object
		network           string
		moved             vouchers.Amount
	}{
		"exact by EIP-3009":                          {w.signed(base, w.payer(base, "v2", usdc), usdc/10).body(), nil, "eip155:84532", usdc / 10},
		"exact by EIP-3009 in version 1":             {one.bodyV1("base-sepolia"), nil, "base-sepolia", usdc / 10},
		"exact by Permit2":                           {w.signed(base, approved, usdc/10, byPermit2).body(), nil, "eip155:84532", usdc / 10},
		"exact by Permit2 and a permit of the token": {bySponsor.body(), nil, "eip155:84532", usdc / 10},
		"upto below what is signed":                  {ceiling.body(), below.body(), "eip155:84532", usdc / 5},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.paid(base)
			if r := w.post("/verify", c.verified); r.Status != 200 || !r.IsValid || r.Payer == (common.Address{}) {
				t.Fatalf("verify answers %+v", r)
			}
			if w.paid(base) != before {
				t.Error("verifying has moved money")
			}
			if c.settled == nil {
				c.settled = c.verified
			}
			r := w.settles(c.settled)
			if r.Network != c.network || r.Payer == (common.Address{}) || c.network == "eip155:84532" && r.Amount != c.moved.Atomic() {
				t.Errorf("settle answers %+v", r)
			}
			if moved := w.paid(base) - before; moved != c.moved {
				t.Errorf("%s have moved, want %s", moved, c.moved)
			}
			if again := w.settles(c.settled); again.Transaction != r.Transaction {
				t.Errorf("asked again it answers %+v", again)
			}
			if r := w.post("/verify", c.verified); r.IsValid {
				t.Error("a payment that is settled is verified again")
			}
		})
	}
}

func TestSixtyFourCallersWhoSettleOnePaymentGetOneTransfer(t *testing.T) {
	w := newWorld(t, 2, base).open()
	body := w.signed(base, w.payer(base, "one", usdc), usdc/4).body()
	answers := make([]reply, 64)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = w.settles(body) })
	}
	all.Wait()
	for _, r := range answers {
		if r.Transaction != answers[0].Transaction {
			t.Fatalf("one answer is %+v, another %+v", answers[0], r)
		}
	}
	if paid := w.paid(base); paid != usdc/4 {
		t.Errorf("the payee has %s", paid)
	}
}

func TestAnAnswerIsTheSameAfterARestartAndAfterTheStoreIsLost(t *testing.T) {
	w := newWorld(t, 1, base).open()
	body := w.signed(base, w.payer(base, "one", usdc), usdc/4).body()
	first := w.settles(body)
	w.close()
	w.open()
	if again := w.settles(body); again.Transaction != first.Transaction || again.Amount != first.Amount {
		t.Errorf("after a restart it answers %+v, before %+v", again, first)
	}
	w.close()
	w.path += "-anew"
	w.open()
	if again := w.settles(body); again.Transaction != first.Transaction || again.Amount != first.Amount {
		t.Errorf("without its store it answers %+v, before %+v", again, first)
	}
	if paid := w.paid(base); paid != usdc/4 {
		t.Errorf("the payee has %s", paid)
	}
}

func TestTwoKeysOnTwoChainsSettleForSixtyFourCallersWithoutAFailure(t *testing.T) {
	const callers, each = 64, 2
	w := newWorld(t, 2, base, other).open()
	nets := []*devnet.Net{base, other}
	before := map[*devnet.Net]vouchers.Amount{}
	bodies := make([][]object, callers)
	for i := range bodies {
		net := nets[i%2]
		payer := w.payer(net, fmt.Sprint(i), usdc)
		for range each {
			bodies[i] = append(bodies[i], w.signed(net, payer, usdc/10).body())
		}
	}
	for _, net := range nets {
		before[net] = w.paid(net)
	}
	var all sync.WaitGroup
	for _, mine := range bodies {
		all.Go(func() {
			for _, body := range mine {
				w.settles(body)
			}
		})
	}
	all.Wait()
	for _, net := range nets {
		stats := w.Stats()[net.Client.Network()]
		if moved := w.paid(net) - before[net]; moved != callers/2*each*usdc/10 || stats.Failed+stats.Rejected > 0 {
			t.Errorf("on %s %s have moved, %d failed, %d were rejected", net.Client.Network(), moved, stats.Failed, stats.Rejected)
		}
		if stats.Sent >= callers/2*each {
			t.Errorf("on %s %d transactions were sent for %d payments", net.Client.Network(), stats.Sent, callers/2*each)
		}
	}
}
