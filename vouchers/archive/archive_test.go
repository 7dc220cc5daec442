package archive_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/parquet-go/parquet-go"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/archive"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	deployment = vouchers.Deployment{ChainID: 8453, Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")}
	authorizer = keys.Dev(1)
	payer      = common.HexToAddress("0x00000000000000000000000000000000000000Aa")
	midnight   = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
)

// shop is a store that has sold in the days before and after midnight.
type shop struct {
	t     *testing.T
	store *diskstore.Store
	book  *receipts.Book
	sums  map[vouchers.ChannelID]vouchers.Amount
	all   map[common.Hash]receipts.Signed // by digest
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, sums: map[vouchers.ChannelID]vouchers.Amount{}, all: map[common.Hash]receipts.Signed{}}
	var err error
	if s.store, err = diskstore.Open(filepath.Join(t.TempDir(), "chit.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	if s.book, err = receipts.Open(s.store, authorizer); err != nil {
		t.Fatal(err)
	}
	return s
}

// sell submits many receipts at once, so that they become durable in batches of several.
func (s *shop) sell(n int, at time.Time) {
	s.t.Helper()
	var drafts []*receipts.Draft
	var tickets []vouchers.Ticket
	for i := range n {
		id := vouchers.ChannelID{byte(i % 5)}
		s.sums[id] += vouchers.Amount(1000 + i)
		r := receipts.Receipt{Resource: "mcp://tool/search", Request: common.Hash{byte(i)}, IssuedAt: uint64(at.Unix())}
		if i%2 == 0 {
			r.Ceiling = s.sums[id] + 5
		} else {
			r.Grant, r.Token = receipts.ID{1, byte(i)}, receipts.ID{2}
		}
		d, err := s.book.Draft(&ledger.Charge{
			Channel: id, Charged: vouchers.Amount(1000 + i), Cumulative: s.sums[id], State: ledger.Channel{Deployment: deployment},
		}, r)
		if err != nil {
			s.t.Fatal(err)
		}
		s.book.Issue(d)
		drafts, tickets = append(drafts, d), append(tickets, s.store.Submit(vouchers.Update{Entry: d.Entry}))
	}
	for i, ticket := range tickets {
		if err := ticket.Wait(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		signed, err := drafts[i].Signed()
		if err != nil {
			s.t.Fatal(err)
		}
		s.all[drafts[i].Entry.Digest] = *signed
	}
}

// sellAlone adds a receipt that is signed by itself, as older ones are.
func (s *shop) sellAlone(at time.Time) {
	s.t.Helper()
	r := receipts.Signed{Receipt: receipts.Receipt{
		Network: deployment.Network(), Escrow: deployment.Escrow, Channel: vouchers.ChannelID{99}, Sequence: 1,
		Charged: 7, Cumulative: 7, Ceiling: 9, Resource: "/v1/quote", IssuedAt: uint64(at.Unix()),
	}}
	digest, err := r.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	if r.Signature, err = authorizer.SignHash(s.t.Context(), digest); err != nil {
		s.t.Fatal(err)
	}
	key, value, err := r.Record()
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := receipts.EntryOfRecord(key, value)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.Submit(vouchers.Update{Entry: e}).Wait(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.all[digest] = r
}

func payers(id vouchers.ChannelID) common.Address {
	if id == (vouchers.ChannelID{1}) {
		return common.Address{} // nobody knows
	}
	return payer
}

func (s *shop) write(day time.Time) []archive.Row {
	s.t.Helper()
	var b bytes.Buffer
	n, err := archive.Write(s.t.Context(), &b, s.store.History(), day, payers)
	if err != nil {
		s.t.Fatal(err)
	}
	rows, err := parquet.Read[archive.Row](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || int64(len(rows)) != n {
		s.t.Fatalf("%d rows were written, and %d read, %v", n, len(rows), err)
	}
	return rows
}

// receiptOf is the receipt that a row is of, from the row alone.
func receiptOf(t *testing.T, r archive.Row) receipts.Signed {
	t.Helper()
	s := receipts.Signed{Receipt: receipts.Receipt{
		Network: r.Network, Escrow: common.HexToAddress(r.Escrow), Channel: vouchers.ChannelID(common.HexToHash(r.Channel)), Sequence: r.Sequence,
		Previous: common.HexToHash(r.Previous), Charged: r.Charged.Amount(), Cumulative: r.Cumulative.Amount(),
		Resource: r.Resource, Request: common.HexToHash(r.Request), IssuedAt: uint64(r.IssuedAt.Unix()),
	}, Signature: common.FromHex(r.Signature)}
	if r.Ceiling != nil {
		s.Ceiling = r.Ceiling.Amount()
	}
	s.Grant, s.Token = idOf(t, r.Grant), idOf(t, r.Token)
	if r.Path != nil {
		s.Batch = &receipts.Proof{Path: []common.Hash{}}
		for _, hash := range strings.Fields(*r.Path) {
			s.Batch.Path = append(s.Batch.Path, common.HexToHash(hash))
		}
	}
	return s
}

func idOf(t *testing.T, text *string) (id receipts.ID) {
	t.Helper()
	if text == nil {
		return id
	}
	b, err := hex.DecodeString(strings.TrimPrefix(*text, "0x"))
	if err != nil || len(b) != len(id) {
		t.Fatalf("%q is no id: %v", *text, err)
	}
	return receipts.ID(b)
}

func TestADayIsWrittenWithWhatProvesEachReceipt(t *testing.T) {
	s := newShop(t)
	s.sell(300, midnight.Add(-time.Second))
	s.sell(500, midnight)
	s.sellAlone(midnight.Add(12 * time.Hour))
	s.sell(100, midnight.Add(24*time.Hour-time.Second))
	s.sell(200, midnight.Add(24*time.Hour))
	rows := s.write(midnight.Add(7 * time.Hour))
	if len(rows) != 601 {
		t.Fatalf("%d receipts of 601 are there", len(rows))
	}
	alone := 0
	for _, row := range rows {
		got := receiptOf(t, row)
		digest, err := got.Digest()
		if err != nil {
			t.Fatal(err)
		}
		want := s.all[digest]
		delete(s.all, digest)
		if want.Batch != nil && len(want.Batch.Path) == 0 {
			want.Batch = &receipts.Proof{Path: []common.Hash{}}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("the row is of %+v, want %+v", got, want)
		}
		if err := got.Check(authorizer.Address()); err != nil {
			t.Fatalf("the row proves nothing: %v", err)
		}
		if known := got.Channel != (vouchers.ChannelID{1}); known != (row.Payer != nil) || known && *row.Payer != payer.Hex() {
			t.Fatalf("channel %s is paid by %v", got.Channel, row.Payer)
		}
		if got.Batch == nil {
			alone++
		}
	}
	if alone != 1 {
		t.Errorf("%d receipts are signed by themselves", alone)
	}
}

// TestTheColumnsAreThoseOfTheFormat holds names and types, which readers of archives rely on.
func TestTheColumnsAreThoseOfTheFormat(t *testing.T) {
	const want = `message Row {
	required int64 issued_at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	required binary channel (STRING);
	optional binary payer (STRING);
	required int64 sequence (INT(64,false));
	required binary resource (STRING);
	required fixed_len_byte_array(9) charged_usdc (DECIMAL(20,6));
	required fixed_len_byte_array(9) cumulative_usdc (DECIMAL(20,6));
	optional fixed_len_byte_array(9) ceiling_usdc (DECIMAL(20,6));
	optional binary grant (STRING);
	optional binary token (STRING);
	required binary request (STRING);
	required binary network (STRING);
	required binary escrow (STRING);
	required binary previous (STRING);
	required binary signature (STRING);
	optional binary path (STRING);
}`
	if got := parquet.SchemaOf(archive.Row{}).String(); got != want {
		t.Errorf("the columns are\n%s", got)
	}
}

func TestAnAmountIsADecimal(t *testing.T) {
	s := newShop(t)
	s.sell(1, midnight)
	raw := s.write(midnight)[0].Charged
	if want := (archive.USDC{7: 1000 >> 8, 8: 1000 & 0xff}); raw != want {
		t.Errorf("1000 atomic units are %x, want %x", raw, want)
	}
}

func TestADayWithoutReceiptsHasNoFile(t *testing.T) {
	s := newShop(t)
	folder, err := archive.OpenFolder(filepath.Join(t.TempDir(), "new"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := folder.Add(midnight, func(w io.Writer) error {
		_, err := archive.Write(t.Context(), w, s.store.History(), midnight, payers)
		return err
	})
	if err != nil || done.Receipts != 0 || done.Before {
		t.Errorf("%+v, %v", done, err)
	}
	isEmpty(t, string(folder))
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is there, %v", left, err)
	}
}

func TestAFileIsThereWholeOrNotAtAll(t *testing.T) {
	s := newShop(t)
	s.sell(10, midnight)
	folder := archive.Folder(t.TempDir())
	cut := errors.New("cut")
	whole := func(w io.Writer) error {
		_, err := archive.Write(t.Context(), w, s.store.History(), midnight, payers)
		return err
	}
	if _, err := folder.Add(midnight, func(w io.Writer) error { return errors.Join(whole(w), cut) }); !errors.Is(err, cut) {
		t.Fatalf("a day that is cut: %v", err)
	}
	isEmpty(t, string(folder))
	if _, err := folder.Add(midnight, func(w io.Writer) error { _, err := w.Write([]byte("PAR1 half")); return err }); err == nil {
		t.Fatal("half a file passed for a whole one")
	}
	isEmpty(t, string(folder))
	first, err := folder.Add(midnight, whole)
	if err != nil || first.Receipts != 10 || first.Before || filepath.Base(first.File) != "receipts-2026-11-28.parquet" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := folder.Add(midnight, func(io.Writer) error { t.Error("it is written again"); return nil })
	if first.Before = true; err != nil || again != first {
		t.Errorf("%+v, %v; want %+v", again, err, first)
	}
}

func TestADayEndsWithItsContext(t *testing.T) {
	s := newShop(t)
	s.sell(10, midnight)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := archive.Write(ctx, io.Discard, s.store.History(), midnight, payers); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}
