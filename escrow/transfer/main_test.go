package transfer_test

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

const usdc = vouchers.Amount(1_000_000)

var net *devnet.Net

func TestMain(m *testing.M) {
	var err error
	if net, err = devnet.Start(context.Background(), 0, func(string, ...any) {}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := net.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// shop is who is paid, and pays the gas.
type shop struct {
	t      testing.TB
	sender *txmgr.Sender
	token  funding.Token
	payee  common.Address
	now    uint64
}

func newShop(t testing.TB) *shop {
	t.Helper()
	sender, err := txmgr.NewSender(t.Context(), net.Client, keys.Dev(devnet.Seller))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sender.Close() })
	token, err := funding.ReadToken(t.Context(), net.Client, net.Token)
	if err != nil {
		t.Fatal(err)
	}
	head, err := net.Client.Header(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t, sender, token, common.BytesToAddress(crypto.Keccak256([]byte("payee of " + t.Name()))), head.Time}
}

// payer is an account with 100 USDC that only this test has.
func (s *shop) payer(role string) keys.Signer {
	s.t.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(s.t.Name() + role)))
	if err != nil {
		s.t.Fatal(err)
	}
	key := keys.NewSigner(private)
	s.mint(key.Address(), 100*usdc)
	return key
}

func (s *shop) mint(to common.Address, amount vouchers.Amount) {
	s.t.Helper()
	if err := net.Mint(s.t.Context(), to, amount); err != nil {
		s.t.Fatal(err)
	}
}

// unsigned is a transfer to the shop.
func (s *shop) unsigned(method transfer.Method, from common.Address, value vouchers.Amount) transfer.Transfer {
	return transfer.Transfer{
		Method: method, ChainID: net.Client.ChainID(), Token: net.Token, From: from, To: s.payee, Value: value,
		ValidBefore: s.now + 3600, Nonce: transfer.NewNonce(), Spender: method.Proxy(), Facilitator: s.sender.Address(),
	}
}

func (s *shop) transfer(method transfer.Method, key keys.Signer, value vouchers.Amount) transfer.Transfer {
	s.t.Helper()
	d := s.unsigned(method, key.Address(), value)
	s.sign(&d, key)
	return d
}

func (s *shop) sign(d *transfer.Transfer, key keys.Signer) {
	s.t.Helper()
	if err := d.Sign(s.t.Context(), key, s.token); err != nil {
		s.t.Fatal(err)
	}
}

// sponsor adds a permit of the token to a transfer.
func (s *shop) sponsor(d *transfer.Transfer, key keys.Signer) {
	s.t.Helper()
	nonce, err := s.token.PermitNonce(s.t.Context(), net.Client, key.Address())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := d.SignPermit(s.t.Context(), key, s.token, nonce, d.ValidBefore); err != nil {
		s.t.Fatal(err)
	}
}

// approve has a payer approve Permit2 by a transaction of its own.
func (s *shop) approve(key keys.Signer, amount *big.Int) {
	s.t.Helper()
	s.transact(key, net.Token, abigen.NewToken().PackApprove(abigen.Permit2Address, amount))
}

// transact sends a transaction of somebody else's.
func (s *shop) transact(key keys.Signer, to common.Address, data []byte) *types.Receipt {
	s.t.Helper()
	if err := net.Control(s.t.Context(), "anvil_setBalance", key.Address(), "0xde0b6b3a7640000"); err != nil {
		s.t.Fatal(err)
	}
	sender, err := txmgr.NewSender(s.t.Context(), net.Client, key)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	receipt, err := sender.Send(s.t.Context(), txmgr.Call{To: to, Data: data, Label: "of somebody else"})
	if err != nil {
		s.t.Fatal(err)
	}
	return receipt
}

func (s *shop) check(d transfer.Transfer, amount vouchers.Amount) (transfer.Settlement, error) {
	if _, err := d.Check(time.Unix(int64(s.now), 0), 6*time.Second, s.token); err != nil {
		s.t.Errorf("in memory: %v", err)
	}
	return d.CheckOnChain(s.t.Context(), net.Client, transfer.Simulation{Token: s.token, Sender: s.sender.Address(), Amount: amount})
}

// settle checks a transfer and sends it within the gas that was found to be enough.
func (s *shop) settle(d transfer.Transfer, amount vouchers.Amount, want transfer.Account) *types.Receipt {
	s.t.Helper()
	settlement, err := s.check(d, amount)
	if err != nil || settlement.Account != want {
		s.t.Fatalf("%s: %+v, %v; want %s", d.Method, settlement.Account, err, want)
	}
	call := settlement.Calls[0]
	if len(settlement.Calls) > 1 {
		call = transfer.Aggregate(settlement.Calls)
	}
	receipt, err := s.sender.Send(s.t.Context(), txmgr.Call{To: call.To, Data: call.Data, Label: "settle", MaxGas: settlement.Account.MaxGas()})
	if err != nil {
		s.t.Fatal(err)
	}
	if receipt.GasUsed > settlement.Gas || settlement.Gas > settlement.Account.MaxGas() {
		s.t.Errorf("%s by %s uses %d units, %d were estimated and %d are the most", d.Method, want, receipt.GasUsed, settlement.Gas, settlement.Account.MaxGas())
	}
	s.t.Logf("%s by %s: %d units of gas", d.Method, want, receipt.GasUsed)
	return receipt
}

func (s *shop) balance(of common.Address) vouchers.Amount {
	s.t.Helper()
	balance, err := s.token.Balance(s.t.Context(), net.Client, of)
	if err != nil {
		s.t.Fatal(err)
	}
	return balance
}

// setCode makes an account a contract.
func (s *shop) setCode(at common.Address, code string) {
	s.t.Helper()
	if err := net.SetCode(s.t.Context(), at, common.FromHex(code)); err != nil {
		s.t.Fatal(err)
	}
}
