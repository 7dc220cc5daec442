package escrow_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
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

// bench is an escrow with a seller who pays the gas.
type bench struct {
	*escrow.Contract
	seller *txmgr.Sender
	token  funding.Token
}

func newBench(t testing.TB) *bench {
	t.Helper()
	seller, err := txmgr.NewSender(t.Context(), net.Client, keys.Dev(devnet.Seller))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = seller.Close() })
	token, err := funding.ReadToken(t.Context(), net.Client, net.Token)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{escrow.At(net.Client, escrow.Own.Escrow), seller, token}
}

// payer is somebody with a channel to the seller.
type payer struct {
	*bench
	key    keys.Signer
	config vouchers.ChannelConfig
	id     vouchers.ChannelID
}

// newPayer makes a payer with 100 USDC of its own and nothing in its channel.
func (b *bench) newPayer(t testing.TB, seed string) *payer {
	t.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(t.Name() + seed)))
	if err != nil {
		t.Fatal(err)
	}
	key := keys.NewSigner(private)
	if err := net.Mint(t.Context(), key.Address(), 100*usdc); err != nil {
		t.Fatal(err)
	}
	config := vouchers.ChannelConfig{
		Payer: key.Address(), PayerAuthorizer: key.Address(),
		Receiver: receiverOf(t), ReceiverAuthorizer: b.seller.Address(),
		Token: net.Token, WithdrawDelay: vouchers.MinWithdrawDelay,
	}
	return &payer{b, key, config, b.Domain().ChannelID(config)}
}

// receiverOf is an account that only this test pays.
func receiverOf(t testing.TB) common.Address {
	return common.BytesToAddress(crypto.Keccak256([]byte("receiver of " + t.Name())))
}

func (p *payer) authorize(t testing.TB, amount vouchers.Amount) funding.Deposit {
	t.Helper()
	d := funding.Deposit{Config: p.config, Amount: amount, ValidBefore: 1 << 40, Salt: funding.NewNonce()}
	if err := d.Sign(t.Context(), p.key, p.token, escrow.Own.Collectors.EIP3009, p.id); err != nil {
		t.Fatal(err)
	}
	return d
}

func (p *payer) deposit(t testing.TB, amount vouchers.Amount) {
	t.Helper()
	if _, err := p.Deposit(t.Context(), p.seller, p.authorize(t, amount), escrow.Own.Collectors.EIP3009); err != nil {
		t.Fatal(err)
	}
}

func (p *payer) claim(t testing.TB, total, ceiling vouchers.Amount) escrow.Claim {
	t.Helper()
	signature, err := p.key.SignHash(t.Context(), p.Domain().VoucherDigest(vouchers.Voucher{Channel: p.id, Ceiling: ceiling}))
	if err != nil {
		t.Fatal(err)
	}
	return escrow.Claim{Config: p.config, Ceiling: ceiling, Signature: signature, Total: total}
}

func (p *payer) state(t testing.TB) vouchers.ChainState {
	t.Helper()
	state, err := p.State(t.Context(), p.config, 1)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func balanceOf(t testing.TB, token funding.Token, account common.Address) vouchers.Amount {
	t.Helper()
	balance, err := token.Balance(t.Context(), net.Client, account)
	if err != nil {
		t.Fatal(err)
	}
	return balance
}
