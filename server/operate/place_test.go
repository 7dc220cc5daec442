package operate_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/receipts"
)

func TestMain(m *testing.M) {
	if os.Getenv(restorePathEnv) != "" {
		restoreUntilKilled()
		return
	}
	shoptest.Main(m)
}

// bought is what the shop's only payer has paid for a call.
const bought = vouchers.Amount(500)

// sold is a shop that has sold one call.
func sold(t testing.TB) *shoptest.Shop {
	t.Helper()
	shop := shoptest.Open(t, shoptest.Options(t))
	client, err := agent.Dial(t.Context(), shop.URL, agent.Options{
		RPC: shoptest.Net.Anvil.URL(), Key: shoptest.Payer(t, "payer"), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deposit(t.Context(), shoptest.USDC); err != nil {
		t.Fatal(err)
	}
	if _, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "hello"}); err != nil || receipt.Charged != bought {
		t.Fatalf("charged %s, %v", receipt.Charged, err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	return shop
}

// seen is what a place says of its shop.
type seen struct {
	channels  []vouchers.ChannelID
	charged   vouchers.Amount
	statement string
	checked   inspect.Stats
	copied    int64
}

func look(t testing.TB, at operate.Place) (s seen) {
	t.Helper()
	views, err := at.Channels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range views {
		s.channels, s.charged = append(s.channels, view.Channel), s.charged.Plus(view.Charged)
	}
	var statement bytes.Buffer
	if err := at.WriteStatement(t.Context(), receipts.Filter{}, &statement); err != nil {
		t.Fatal(err)
	}
	s.statement = statement.String()
	report, err := at.CheckStore(t.Context(), nil)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("the check: %v, %q", err, report.Problems)
	}
	s.checked = report.Stats
	if stats, err := at.StoreStats(t.Context()); err != nil || stats.Receipts != report.Receipts || stats.Bytes != report.Bytes {
		t.Errorf("the stats are %+v, %v; the check's %+v", stats, err, report.Stats)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if s.copied, err = at.Backup(t.Context(), copied, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Size() != s.copied || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", info, err)
	}
	if _, err := at.Backup(t.Context(), copied, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a copy over another: %v", err)
	}
	for name, ask := range map[string]func() (int, error){
		"withdrawals":  func() (int, error) { all, err := at.Withdrawals(t.Context()); return len(all), err },
		"transactions": func() (int, error) { all, err := at.Transactions(t.Context()); return len(all), err },
		"grants":       func() (int, error) { all, err := at.Grants(t.Context(), true); return len(all), err },
	} {
		if n, err := ask(); err != nil || n != 0 {
			t.Errorf("%d %s, %v", n, name, err)
		}
	}
	return s
}

func TestAPlaceSaysTheSameOfARunningServerAndOfItsStore(t *testing.T) {
	shop := sold(t)
	at := operate.Place{Socket: shoptest.Socket(t), Store: shop.Options.Store, Open: func(context.Context) (*server.Shop, error) {
		t.Error("a list opens the shop")
		return nil, errors.New("no")
	}}
	stop := shoptest.ServeOperator(t, at.Socket, operate.Handler(shop.Shop, slog.New(slog.DiscardHandler)))
	live := look(t, at)
	if limits, err := at.Limits(t.Context(), false); err != nil || len(limits) != 0 {
		t.Errorf("limits that were met: %v, %v", limits, err)
	}
	if limits, err := at.Limits(t.Context(), true); err != nil || len(limits) == 0 {
		t.Errorf("all limits: %v, %v", limits, err)
	}
	stop()
	shop.Stop(t)
	stored := look(t, at)
	if live.charged != bought || !slices.Equal(live.channels, stored.channels) || live.charged != stored.charged || live.statement != stored.statement || live.checked.Receipts != 1 || live.checked.Unclaimed != bought || stored.checked.Receipts != 1 || stored.checked.Unclaimed != bought {
		t.Errorf("the server says %+v, its store %+v", live, stored)
	}
	if _, err := at.Limits(t.Context(), true); !errors.Is(err, operate.ErrNoServer) {
		t.Errorf("limits of a server that does not run: %v", err)
	}
	if report, err := at.CheckStore(t.Context(), nil); err != nil || report.State.Channels != 1 {
		t.Errorf("the store is %+v, %v", report, err)
	}
}

func TestAPlaceSettlesOnItsStoreWhereNoServerRuns(t *testing.T) {
	shop := sold(t)
	shop.Stop(t)
	opened := 0
	at := operate.Place{Socket: shoptest.Socket(t), Store: shop.Options.Store, Open: func(ctx context.Context) (*server.Shop, error) {
		opened++
		return server.Open(ctx, shop.Options)
	}}
	plan, err := at.Settle(t.Context(), settle.Request{DryRun: true, Final: true, Anyway: true}, nil)
	if err != nil || plan.Claimed != bought {
		t.Errorf("a dry run gave %+v, %v", plan, err)
	}
	done, err := at.Settle(t.Context(), settle.Request{Final: true, Anyway: true}, nil)
	if err != nil || done.Settled != bought || opened != 2 {
		t.Errorf("settled %+v, %v, opened %d times", done, err, opened)
	}
	if found, err := at.Reconcile(t.Context()); err != nil || found.Channels != 1 || len(found.Differences) != 0 {
		t.Errorf("the chain differs by %+v, %v", found, err)
	}
	if resumed, err := at.Resume(t.Context()); err != nil || len(resumed) != 0 {
		t.Errorf("resumed %v, %v", resumed, err)
	}
}

func TestAPlaceWithoutAStoreMakesNone(t *testing.T) {
	at := operate.Place{Socket: shoptest.Socket(t), Store: filepath.Join(t.TempDir(), "none.db"), Open: func(context.Context) (*server.Shop, error) {
		t.Error("a shop is opened where there is none")
		return nil, errors.New("no")
	}}
	for name, ask := range map[string]func() error{
		"channels":  func() error { _, err := at.Channels(t.Context()); return err },
		"settle":    func() error { _, err := at.Settle(t.Context(), settle.Request{}, nil); return err },
		"grants":    func() error { _, err := at.Grants(t.Context(), false); return err },
		"statement": func() error { return at.WriteStatement(t.Context(), receipts.Filter{}, new(bytes.Buffer)) },
		"backup":    func() error { _, err := at.Backup(t.Context(), filepath.Join(t.TempDir(), "copy.db"), nil); return err },
		"check":     func() error { _, err := at.CheckStore(t.Context(), nil); return err },
		"stats":     func() error { _, err := at.StoreStats(t.Context()); return err },
		"compact":   func() error { return at.CompactStore(filepath.Join(t.TempDir(), "copy.db")) },
	} {
		if err := ask(); !errors.Is(err, operate.ErrNoStore) || !strings.Contains(err.Error(), at.Store) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(at.Store); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a store now: %v", err)
	}
}

func TestTheAdminSocketIsItsOwnersAndOneServersAlone(t *testing.T) {
	path := shoptest.Socket(t)
	if _, err := operate.Dial(path); !errors.Is(err, operate.ErrNoServer) {
		t.Errorf("dialed nothing: %v", err)
	}
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	defer shoptest.ServeOperator(t, path, http.NotFoundHandler())() // takes the dead server's place
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	if _, err := operate.Listen(path); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) {
		t.Errorf("a second server on the socket: %v", err)
	}
	admin, err := operate.Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Channels(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server that does not know the request: %v", err)
	}
}
