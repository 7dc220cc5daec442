package server_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

func TestTheOperatorListsSettlesAndBacksUpOverTheAdminSocket(t *testing.T) {
	shop, customers := busy(t, 2, 1)
	if got := customers[1].callWith(t.Context(), map[string]any{"n": 2}, customers[1].pays(5*price)); got.text() != "done" {
		t.Fatalf("the call: %s", got.raw)
	}
	admin := shop.Operator(t)

	views, err := admin.Channels(t.Context())
	if err != nil || len(views) != 2 {
		t.Fatalf("channels: %+v, %v", views, err)
	}
	first := views[0]
	if first.Channel != customers[1].id || first.Charged != 2*price || first.Claimable != 2*price || first.Ceiling != 5*price || first.Balance != usdc || first.Payer != customers[1].config.Payer || first.WithdrawAfter != nil {
		t.Errorf("the most claimable channel is %+v", first)
	}

	var backup bytes.Buffer
	n, err := admin.Backup(t.Context(), &backup)
	if err != nil || n != int64(backup.Len()) {
		t.Fatalf("a backup of %d bytes: %v", n, err)
	}
	path := filepath.Join(t.TempDir(), "backup.db")
	if _, err := restore.From(&backup, path, nil); err != nil {
		t.Fatal(err)
	}
	restored, err := books.ReadChannels(t.Context(), path)
	if err != nil || len(restored) != 2 || restored[0].Charged != 2*price {
		t.Errorf("the backup holds %+v, %v", restored, err)
	}

	plan, err := admin.Settle(t.Context(), true)
	if err != nil || !plan.DryRun || plan.Claimed != 3*price || income(t, shop) != 0 {
		t.Errorf("a dry run gave %+v, %v", plan, err)
	}
	settled, err := admin.Settle(t.Context(), false)
	if err != nil || settled.Settled != 3*price || income(t, shop) != 3*price {
		t.Errorf("settled %+v, %v", settled, err)
	}
	if views, err = admin.Channels(t.Context()); err != nil || views[0].Claimable != 0 || views[0].Claimed == 0 {
		t.Errorf("channels after the settlement: %+v, %v", views, err)
	}
}

func TestAnErrorOfTheServerReachesTheOperator(t *testing.T) {
	shop, _ := busy(t, 1, 1)
	admin := shop.Operator(t)
	if err := shop.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Settle(t.Context(), false); err == nil || strings.Contains(err.Error(), "status") {
		t.Errorf("settling without a store: %v", err)
	}
	if n, err := admin.Backup(t.Context(), io.Discard); err == nil {
		t.Errorf("a backup without a store has %d bytes and no error", n)
	}
	_ = shop.Close() // says again that the store is closed
}

func oneLine(err error) bool { return !strings.Contains(strings.TrimSpace(err.Error()), "\n") }

func TestASecondServerOnTheStoreIsRefused(t *testing.T) {
	shop := shoptest.Open(t, selling(t))
	for name, open := range map[string]func() error{
		"a server":           func() error { _, err := server.Open(t.Context(), shop.Options); return err },
		"a list of channels": func() error { _, err := books.ReadChannels(t.Context(), shop.Options.Store); return err },
	} {
		if err := open(); err == nil || !oneLine(err) || !strings.Contains(err.Error(), shop.Options.Store) {
			t.Errorf("%s on a store that is in use: %v", name, err)
		}
	}
	shop.Stop(t)
	if views, err := books.ReadChannels(t.Context(), shop.Options.Store); err != nil || len(views) != 0 {
		t.Errorf("channels of a store that nobody uses: %v, %v", views, err)
	}
	if _, err := books.ReadChannels(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("channels of a store that is not there: %v", err)
	}
}

func TestAnAdminSocketThatNothingAnswersOnIsRefused(t *testing.T) {
	shop := shoptest.Open(t, selling(t))
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := operate.Listen(shoptest.Socket(t))
	if err != nil {
		t.Fatal(err)
	}
	err = shop.ServeHandler(t.Context(), server.Listeners{Public: public, Admin: admin}, http.NotFoundHandler(), 0)
	if err == nil || !strings.Contains(err.Error(), "Operator") {
		t.Errorf("served with nobody to answer the operator: %v", err)
	}
	for _, listener := range []net.Listener{public, admin} {
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s was left open: %v", listener.Addr(), err)
		}
	}
}
