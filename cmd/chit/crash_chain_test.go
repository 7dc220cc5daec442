package main_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

func newKey(t testing.TB, seed string) keys.Signer {
	t.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(seed)))
	if err != nil {
		t.Fatal(err)
	}
	return keys.NewSigner(private)
}

func (s *siege) escrow() *escrow.Contract { return escrow.At(s.chain, s.profile.EscrowAddress()) }

// mint gives an account USDC.
func (s *siege) mint(to common.Address, amount vouchers.Amount) {
	s.t.Helper()
	admin, err := txmgr.NewSender(s.t.Context(), s.chain, keys.Dev(devnet.Admin))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	call := txmgr.Call{To: s.profile.TokenAddress(), Data: abigen.NewDevUSDC().PackMint(to, amount.Big()), Label: "mint " + amount.String()}
	if _, err := admin.Send(s.t.Context(), call); err != nil {
		s.t.Fatal(err)
	}
}

// settle checks that the chain has never paid more than was charged, and pays all of
// it: a server that is killed while it settles claims the rest, once.
func (s *siege) settle() {
	s.t.Helper()
	s.compareClaims(func(claimed, charged vouchers.Amount) bool { return claimed <= charged })
	settlement, err := s.admin.SettleAs(s.t.Context(), settle.Request{Final: true}, nil)
	if err != nil || len(settlement.SetAside) > 0 {
		s.t.Fatalf("settle: %+v, %v\n%s", settlement, err, s.server.out)
	}
	claimed := s.compareClaims(func(claimed, charged vouchers.Amount) bool { return claimed == charged })
	token, err := funding.ReadToken(s.t.Context(), s.chain, s.profile.TokenAddress())
	if err != nil {
		s.t.Fatal(err)
	}
	paid, err := token.Balance(s.t.Context(), s.chain, s.profile.PayToAddress())
	if err != nil {
		s.t.Fatal(err)
	}
	if paid != claimed {
		s.t.Errorf("the receiver has %s, claimed were %s\n%s", paid, claimed, s.server.out)
	}
}

// compareClaims holds the escrow's books against the server's, and returns the sum
// of all claims.
func (s *siege) compareClaims(fits func(claimed, charged vouchers.Amount) bool) (sum vouchers.Amount) {
	s.t.Helper()
	views := s.channels()
	for _, b := range s.buyers {
		state, err := s.escrow().State(s.t.Context(), b.config, 1)
		if err != nil {
			s.t.Fatal(err)
		}
		if view := views[b.id]; !fits(state.Claimed, view.Charged) || state.Balance != view.Balance {
			s.t.Errorf("channel %s: the escrow holds %s and has paid %s, the server says %+v", b.id, state.Balance, state.Claimed, view)
		}
		sum += state.Claimed
	}
	return sum
}
