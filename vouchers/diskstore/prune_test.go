package diskstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// pastShop is a store with small segments, which sells to two channels.
type pastShop struct {
	t          *testing.T
	path       string
	store      *diskstore.Store
	book       *receipts.Book
	deployment vouchers.Deployment
	ids        []vouchers.ChannelID
	configs    []vouchers.ChannelConfig
	charged    []vouchers.Amount
}

var pastAuthorizer = keys.Dev(2)

func newPastShop(t *testing.T) *pastShop {
	t.Helper()
	s := &pastShop{t: t, path: filepath.Join(t.TempDir(), "chit.db"), deployment: vouchers.Deployment{ChainID: 10, Escrow: common.Address{5}}, charged: make([]vouchers.Amount, 2)}
	for i := range s.charged {
		c := vouchers.ChannelConfig{
			Payer: common.Address{byte(i)}, PayerAuthorizer: common.Address{2}, Receiver: common.Address{3},
			ReceiverAuthorizer: pastAuthorizer.Address(), Token: common.Address{4}, WithdrawDelay: 900,
		}
		s.configs, s.ids = append(s.configs, c), append(s.ids, vouchers.NewDomain(s.deployment).ChannelID(c))
	}
	s.open()
	t.Cleanup(func() { _ = s.store.Close() })
	return s
}

func (s *pastShop) open() {
	s.t.Helper()
	var err error
	if s.store, err = diskstore.Open(s.path, diskstore.WithSegments(16<<10, 8<<10)); err != nil {
		s.t.Fatal(err)
	}
	if s.book, err = receipts.Open(s.store, pastAuthorizer); err != nil {
		s.t.Fatal(err)
	}
}

func (s *pastShop) sell(n int) {
	s.t.Helper()
	for range n {
		for i, id := range s.ids {
			s.charged[i] += 10
			d, err := s.book.Draft(&ledger.Charge{Channel: id, Charged: 10, Cumulative: s.charged[i], State: ledger.Channel{Deployment: s.deployment}},
				receipts.Receipt{Resource: "mcp://tool/search", IssuedAt: 1_700_000_000})
			if err != nil {
				s.t.Fatal(err)
			}
			s.book.Issue(d)
			if err := s.store.Submit(vouchers.Update{Entry: d.Entry}).Wait(s.t.Context()); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.store.Settle()
}

// claims books what was claimed of a channel.
func (s *pastShop) claims(i int, amount vouchers.Amount) {
	s.t.Helper()
	c := s.configs[i]
	u := vouchers.Update{Slot: new(vouchers.Slot), Record: vouchers.Record{
		ID: s.ids[i], Payer: c.Payer, PayerAuthorizer: c.PayerAuthorizer, Balance: 1 << 40, Claimed: amount, Charged: s.charged[i], Ceiling: s.charged[i],
		Terms: &vouchers.Terms{Deployment: s.deployment, Receiver: c.Receiver, ReceiverAuthorizer: c.ReceiverAuthorizer, Token: c.Token, WithdrawDelay: c.WithdrawDelay},
	}}
	if err := s.store.Submit(u).Wait(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// record keeps a head as a receipt.
func record(l *vouchers.Line) ([]byte, error) {
	s, err := new(receipts.Proofs).FromLine(l)
	if err != nil {
		return nil, err
	}
	_, value, err := s.Record()
	return value, err
}

func (s *pastShop) prune(dryRun bool) history.Pruned {
	s.t.Helper()
	done, err := s.store.Prune(s.t.Context(), history.Keep{Age: time.Hour}, dryRun, nil, record)
	if err != nil {
		s.t.Fatal(err)
	}
	return done
}

// audit verifies what is left of a channel, from its kept head on.
func (s *pastShop) audit(i int) receipts.Audit {
	s.t.Helper()
	var b bytes.Buffer
	statement := receipts.NewStatement(&b)
	if err := statement.Account(receipts.AccountOf(s.deployment, s.ids[i], s.configs[i])); err != nil {
		s.t.Fatal(err)
	}
	number, value, err := s.store.KeptHead(s.ids[i])
	if err != nil {
		s.t.Fatal(err)
	}
	if value != nil {
		head, err := receipts.FromRecord(binary.BigEndian.AppendUint64(s.ids[i][:], number), value)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := statement.Kept(head); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.book.Walk(s.t.Context(), s.ids[i], 0, statement.Receipt); err != nil {
		s.t.Fatal(err)
	}
	audits, err := receipts.Verify(&b)
	if err != nil || len(audits) != 1 {
		s.t.Fatalf("%d audits, %v", len(audits), err)
	}
	return audits[0]
}

func TestWhatIsLeftOfAPrunedHistoryIsProvenFromItsHead(t *testing.T) {
	s := newPastShop(t)
	s.sell(300)
	if done := s.prune(false); done.Entries != 0 || done.Held == 0 {
		t.Fatalf("nothing is claimed, and %+v was pruned", done)
	}
	s.claims(0, s.charged[0])
	s.claims(1, s.charged[1]/2)
	would := s.prune(true)
	did := s.prune(false)
	if would.Entries != did.Entries || did.Entries == 0 || len(did.Dropped) == 0 || len(did.Rewritten) == 0 {
		t.Fatalf("pruned %+v, and a dry run says %+v", did, would)
	}
	for range 2 {
		for i := range s.ids {
			audit := s.audit(i)
			if audit.Fault != nil || audit.Charged != s.charged[i] || audit.Before == 0 || audit.Before+10*vouchers.Amount(audit.Receipts) != s.charged[i] {
				t.Errorf("channel %d is %+v", i, audit)
			}
		}
		if err := s.store.Close(); err != nil {
			t.Fatal(err)
		}
		s.open()
		s.sell(1) // whose receipts go on from what is left
	}
	if audit := s.audit(1); audit.Before > s.charged[1]/2 {
		t.Errorf("%s went of channel 1, %s is claimed", audit.Before, s.charged[1]/2)
	}
}

func TestAHeadThatIsNotTheOneBeforeIsAFault(t *testing.T) {
	s := newPastShop(t)
	s.sell(3)
	var all []*receipts.Signed
	if err := s.book.Walk(t.Context(), s.ids[0], 0, func(r *receipts.Signed) error { all = append(all, r); return nil }); err != nil {
		t.Fatal(err)
	}
	forged := *all[0]
	forged.Cumulative++
	for name, heads := range map[string][]*receipts.Signed{
		"the one before":        {all[1]},
		"one that is too old":   {all[0]},
		"one that is forged":    {&forged, nil},
		"one after another one": {all[0], all[1]},
	} {
		var b bytes.Buffer
		statement := receipts.NewStatement(&b)
		must(t, statement.Account(receipts.AccountOf(s.deployment, s.ids[0], s.configs[0])))
		for _, head := range heads {
			if head != nil {
				must(t, statement.Kept(head))
			}
		}
		must(t, statement.Receipt(all[2]))
		audits, err := receipts.Verify(&b)
		if err != nil || (audits[0].Fault == nil) != (name == "the one before") {
			t.Errorf("%s: %+v, %v", name, audits, err)
		}
	}
}

func TestNothingIsPrunedWhoseHeadIsNotDurable(t *testing.T) {
	s := newPastShop(t)
	s.sell(300)
	s.claims(0, s.charged[0])
	s.claims(1, s.charged[1])
	no := errors.New("no proof")
	_, err := s.store.Prune(context.Background(), history.Keep{Age: time.Hour}, false, nil, func(*vouchers.Line) ([]byte, error) { return nil, no })
	if !errors.Is(err, no) {
		t.Fatalf("%v, want %v", err, no)
	}
	if audit := s.audit(0); audit.Fault != nil || audit.Receipts != 300 || audit.Before != 0 {
		t.Errorf("there is %+v", audit)
	}
}

func TestTheSpanOfAHistoryIsThatOfItsReceipts(t *testing.T) {
	s := newPastShop(t)
	if first, last := s.store.Span(); !first.IsZero() || !last.IsZero() {
		t.Errorf("nothing was sold from %s to %s", first, last)
	}
	for _, at := range []uint32{1_700_000_005, 1_700_000_001, 1_700_000_009} {
		e := &vouchers.Entry{Channel: s.ids[0], Number: uint64(at), Digest: common.Hash{1}, Time: at, Value: bytes.Repeat([]byte{1}, 20<<10)}
		must(t, s.store.Submit(vouchers.Update{Entry: e}).Wait(t.Context()))
		s.store.Settle()
	}
	if first, last := s.store.Span(); first.Unix() != 1_700_000_001 || last.Unix() != 1_700_000_009 {
		t.Errorf("it is from %s to %s", first, last)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
