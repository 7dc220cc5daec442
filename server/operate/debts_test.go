package operate_test

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestAPlaceForgivesDebtsAtARunningServerAndOnItsStore(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	large, small, other := common.Address{0x10}, common.Address{0x20}, common.Address{0x30}
	for payer, amount := range map[common.Address]uint64{large: 5_000, small: 3_000, other: 4_000} { // as a failed transfer leaves them
		if err := shop.Store.Bucket("transfer-debts").Put(t.Context(), payer[:], binary.BigEndian.AppendUint64(nil, amount)); err != nil {
			t.Fatal(err)
		}
	}
	shop.Stop(t)
	path := shop.Options.Store
	stored := operate.Place{Store: path}
	forgives(t, stored, small, 3_000, exact.Debt{Payer: large, Amount: 5_000}, exact.Debt{Payer: other, Amount: 4_000})

	running := operate.Place{Socket: shoptest.Socket(t), Store: path}
	defer shoptest.ServeOperator(t, running.Socket, operate.Handler(shoptest.Open(t, shop.Options).Shop, slog.New(slog.DiscardHandler)))()
	forgives(t, running, other, 4_000, exact.Debt{Payer: large, Amount: 5_000})
}

// forgives holds that a payer is forgiven once, and which debts are left then.
func forgives(t testing.TB, at operate.Place, payer common.Address, owed vouchers.Amount, left ...exact.Debt) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if got, err := at.Forgive(ctx, payer); err != nil || got != (exact.Debt{Payer: payer, Amount: owed}) {
		t.Errorf("forgiven is %+v, %v", got, err)
	}
	all, err := at.Debts(ctx)
	if err != nil || len(all) != len(left) {
		t.Fatalf("the debts are %+v, %v", all, err)
	}
	for i, debt := range left {
		if all[i] != debt {
			t.Errorf("debt %d is %+v, want %+v", i, all[i], debt)
		}
	}
	_, err = at.Forgive(ctx, payer)
	if at.Socket == "" && !errors.Is(err, exact.ErrNoDebt) || err == nil || !strings.Contains(err.Error(), exact.ErrNoDebt.Error()) {
		t.Errorf("forgiven twice: %v", err)
	}
}
