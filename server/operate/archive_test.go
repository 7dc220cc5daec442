package operate_test

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers/archive"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/receipts"
)

// archived are the files that an archive at this time has, by the day.
func archived(t testing.TB, at operate.Place, dir string, now time.Time) (all []archive.Archived) {
	t.Helper()
	err := at.Archive(t.Context(), dir, now, func(a archive.Archived) error {
		all = append(all, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAPlaceArchivesTheSameOfARunningServerAndOfItsStore(t *testing.T) {
	shop := sold(t)
	at := operate.Place{Socket: shoptest.Socket(t), Store: shop.Options.Store}
	stop := shoptest.ServeOperator(t, at.Socket, operate.Handler(shop.Shop, slog.New(slog.DiscardHandler)))
	span := shop.HistorySpan()
	end := archive.Day(span.Last).AddDate(0, 0, 1)
	live, stored := t.TempDir(), t.TempDir()

	if early := archived(t, at, live, end.Add(30*time.Minute)); len(early) != 0 {
		t.Fatalf("a day that is hardly over is archived: %+v", early)
	}
	first := archived(t, at, live, end.Add(time.Hour))
	if len(first) != 1 || first[0].Before || first[0].Receipts != 1 || first[0].Day != span.Last.Format(time.DateOnly) {
		t.Fatalf("the running server gave %+v", first)
	}
	again := archived(t, at, live, end.Add(time.Hour))
	if first[0].Before = true; !slices.Equal(again, first) {
		t.Errorf("a second time gave %+v, want %+v", again, first)
	}
	rows, err := parquet.ReadFile[archive.Row](first[0].File)
	if err != nil || len(rows) != 1 || rows[0].Charged.Amount() != bought || rows[0].Payer == nil || *rows[0].Payer != shoptest.Payer(t, "payer").Address().Hex() {
		t.Errorf("the file has %+v, %v", rows, err)
	}

	stop()
	shop.Stop(t)
	if whole := archived(t, at, stored, end.Add(time.Hour)); len(whole) != 1 || whole[0].Receipts != 1 {
		t.Fatalf("the store gave %+v", whole)
	}
	name := filepath.Base(first[0].File)
	if !slices.Equal(read(t, filepath.Join(live, name)), read(t, filepath.Join(stored, name))) {
		t.Error("the files differ")
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAPlacePrunesByItsConfigOrByWhatIsAsked(t *testing.T) {
	shop := sold(t)
	at := operate.Place{Socket: shoptest.Socket(t), Store: shop.Options.Store}
	stop := shoptest.ServeOperator(t, at.Socket, operate.Handler(shop.Shop, slog.New(slog.DiscardHandler)))
	keep := history.Keep{Age: time.Hour}
	prune := func(where string) {
		t.Helper()
		if _, err := at.Prune(t.Context(), operate.Prune{}); err == nil || !strings.Contains(err.Error(), books.ErrKeepsAll.Error()) {
			t.Errorf("%s, with nothing to go by: %v", where, err)
		}
		if done, err := at.Prune(t.Context(), operate.Prune{Keep: &keep, DryRun: true}); err != nil || done.Entries != 0 {
			t.Errorf("%s, of what is new: %+v, %v", where, done, err)
		}
	}
	prune("the running server")
	stop()
	shop.Stop(t)
	prune("the store")
	at.Keep = keep
	if _, err := at.Prune(t.Context(), operate.Prune{}); err != nil {
		t.Errorf("by the config: %v", err)
	}
	at.Store += ".none"
	if _, err := at.Prune(t.Context(), operate.Prune{}); !errors.Is(err, operate.ErrNoStore) {
		t.Errorf("where there is no store: %v", err)
	}
}

func TestAStatementBeginsWithTheReceiptThatIsKept(t *testing.T) {
	shop := sold(t)
	shop.Stop(t)
	at := operate.Place{Store: shop.Options.Store}
	whole := statement(t, at)
	all, err := receipts.ReadAll(strings.NewReader(whole))
	if err != nil || len(all) != 1 || strings.Contains(whole, `"kept"`) {
		t.Fatalf("%d receipts, %v in\n%s", len(all), err, whole)
	}
	keepHead(t, at.Store, &all[0])
	lines := strings.Split(statement(t, at), "\n")
	if !strings.HasPrefix(lines[0], `{"channel":`) || strings.Replace(lines[1], "kept", "receipt", 1) != lines[2] {
		t.Errorf("it begins with\n%s\n%s\n%s", lines[0], lines[1], lines[2])
	}
}

func statement(t testing.TB, at operate.Place) string {
	t.Helper()
	var b strings.Builder
	if err := at.WriteStatement(t.Context(), receipts.Filter{}, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// keepHead keeps a receipt as pruning keeps the last that goes.
func keepHead(t testing.TB, path string, s *receipts.Signed) {
	t.Helper()
	store, err := books.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	_, record, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	value := append(binary.BigEndian.AppendUint64(digest[:], s.Sequence), record...)
	if err := errors.Join(store.Bucket("history-heads").Put(t.Context(), s.Channel[:], value), store.Close()); err != nil {
		t.Fatal(err)
	}
}
