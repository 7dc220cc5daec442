package credit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// A budget that is granted, narrowed by its holder and spent.
func Example() {
	if err := handOut(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// charged 0.004 USDC
	// credit token refused: budget_exhausted by budget=10000: the call costs 0.007 USDC, 0.006 USDC are left
}

func handOut(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "chit")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := diskstore.Open(filepath.Join(dir, "chit.db"))
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	ledger, err := ledger.Open(ctx, store)
	if err != nil {
		return err
	}
	book, err := credit.OpenBook(ctx, ledger, store)
	if err != nil {
		return err
	}

	// The payer signs one voucher for a budget of 5 USDC.
	scope := macaroon.Scope{Budget: 5_000_000, Tools: []string{"search*"}, Expires: time.Now().Add(24 * time.Hour)}
	channel, purse, err := sign(ctx, ledger, scope.Budget)
	if err != nil {
		return err
	}
	caveats, err := scope.Caveats()
	if err != nil {
		return err
	}
	_, token, err := book.Grant(ctx, credit.Request{Channel: channel, Caveats: caveats, Label: "research"}, purse)
	if err != nil {
		return err
	}

	// Its holder hands on a cent of it, without asking anybody.
	narrow, err := token.Attenuate(macaroon.Scope{Budget: 10_000, Tools: []string{"search_web"}})
	if err != nil {
		return err
	}

	// A call reserves its price, and is charged what it has cost.
	spend, err := book.Spend(ctx, narrow.Text(), credit.Call{Tool: "search_web", Price: 5_000})
	if err != nil {
		return err
	}
	charge, err := spend.Commit(ctx, 4_000, nil)
	if err != nil {
		return err
	}
	fmt.Println("charged", charge.Charged)
	_, err = book.Spend(ctx, narrow.Text(), credit.Call{Tool: "search_web", Price: 7_000})
	return err
}

// sign opens a channel of 10 USDC and reserves an amount of it under a voucher.
func sign(ctx context.Context, l *ledger.Ledger, amount vouchers.Amount) (vouchers.ChannelID, *ledger.Reservation, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return vouchers.ChannelID{}, nil, err
	}
	payer := crypto.PubkeyToAddress(key.PublicKey)
	config := vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{1},
		Token: common.Address{2}, WithdrawDelay: vouchers.MinWithdrawDelay,
	}
	id, err := l.Open(ctx, deployment, config, vouchers.ChainState{Balance: 10_000_000})
	if err != nil {
		return id, nil, err
	}
	voucher := vouchers.Voucher{Channel: id, Ceiling: amount}
	signature, err := vouchers.NewDomain(deployment).SignVoucher(key, voucher)
	if err != nil {
		return id, nil, err
	}
	purse, err := l.Reserve(ctx, ledger.Payment{Deployment: deployment, Config: config, Voucher: voucher, Signature: signature, Price: amount})
	return id, purse, err
}
