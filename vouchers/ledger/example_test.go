package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// A call that is paid with a voucher, from the payer's signature to the charge.
func Example() {
	if err := sell(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// charged 0.004 USDC, of a ceiling of 0.005 USDC
	// 9.996 USDC are left
}

func sell(ctx context.Context) error {
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
	book, err := ledger.Open(ctx, store)
	if err != nil {
		return err
	}

	// The payer has deposited 10 USDC.
	key, err := crypto.GenerateKey()
	if err != nil {
		return err
	}
	escrow := vouchers.Deployment{ChainID: 8453, Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")}
	payer := crypto.PubkeyToAddress(key.PublicKey)
	config := vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{1},
		Token: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), WithdrawDelay: 86400,
	}
	id, err := book.Open(ctx, escrow, config, vouchers.ChainState{Balance: 10_000_000})
	if err != nil {
		return err
	}

	// It signs for one call of up to 0.005 USDC, which costs 0.004.
	voucher := vouchers.Voucher{Channel: id, Ceiling: 5000}
	signature, err := vouchers.NewDomain(escrow).SignVoucher(key, voucher)
	if err != nil {
		return err
	}
	call, err := book.Reserve(ctx, ledger.Payment{Deployment: escrow, Config: config, Voucher: voucher, Signature: signature, Price: 5000})
	if err != nil {
		return err
	}
	charge, err := call.Commit(ctx, 4000, nil)
	if err != nil {
		return err
	}
	fmt.Printf("charged %s, of a ceiling of %s\n", charge.Charged, voucher.Ceiling)
	fmt.Printf("%s are left\n", charge.State.Spendable())
	return nil
}
