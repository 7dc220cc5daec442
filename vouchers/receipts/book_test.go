package receipts_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

var (
	deployment = vouchers.Deployment{ChainID: 8453, Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")}
	authorizer = keys.Dev(1)
	config     = vouchers.ChannelConfig{
		Payer: common.Address{1}, PayerAuthorizer: common.Address{2}, Receiver: common.Address{3},
		ReceiverAuthorizer: authorizer.Address(), Token: common.Address{4}, WithdrawDelay: 900,
	}
	channel = vouchers.NewDomain(deployment).ChannelID(config)
)

// book is one in a store on disk, with what issuing receipts needs.
type book struct {
	*receipts.Book
	t     testing.TB
	path  string
	store *diskstore.Store
	sum   vouchers.Amount
}

func newBook(t testing.TB) *book {
	t.Helper()
	b := &book{t: t, path: filepath.Join(t.TempDir(), "store.db")}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

func (b *book) open() {
	b.t.Helper()
	var err error
	if b.store, err = diskstore.Open(b.path); err != nil {
		b.t.Fatal(err)
	}
	if b.Book, err = receipts.Open(b.store, authorizer); err != nil {
		b.t.Fatal(err)
	}
}

// issues makes receipts of these charges.
func (b *book) issues(charges ...vouchers.Amount) {
	b.t.Helper()
	for _, charged := range charges {
		b.sum += charged
		c := &ledger.Charge{Channel: channel, Charged: charged, Cumulative: b.sum, State: ledger.Channel{Deployment: deployment, Config: config}}
		d, err := b.Draft(c, receipts.Receipt{Resource: "mcp://tool/search", Ceiling: b.sum, IssuedAt: uint64(1790000000 + b.sum%(1<<30))})
		if err != nil {
			b.t.Fatal(err)
		}
		b.Issue(d)
		if err := b.store.Submit(vouchers.Update{Entry: d.Entry}).Wait(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

// all are the receipts of the channel.
func (b *book) all() (all []receipts.Signed) {
	b.t.Helper()
	err := b.Walk(b.t.Context(), channel, 0, func(r *receipts.Signed) error {
		all = append(all, *r)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func TestReceiptsGoOnWhereTheyEndedAfterARestart(t *testing.T) {
	b := newBook(t)
	b.issues(100, 50)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.issues(25)
	a := audit(t, statement(t, b.all(), 150))
	if a.Fault != nil || a.Receipts != 3 || a.Charged != 175 || a.Unclaimed() != 25 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestADraftThatIsNotIssuedLeavesNoGap(t *testing.T) {
	b := newBook(t)
	b.issues(100)
	c := &ledger.Charge{Channel: channel, Charged: 1, Cumulative: 101, State: ledger.Channel{Deployment: deployment}}
	if _, err := b.Draft(c, receipts.Receipt{}); err != nil {
		t.Fatal(err)
	}
	b.issues(50)
	if a := audit(t, statement(t, b.all(), 0)); a.Fault != nil || a.Receipts != 2 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestPagesHaveEveryReceiptOnce(t *testing.T) {
	b := newBook(t)
	const total = 2*receipts.MaxPage + 40
	rows := make([]vouchers.Amount, total)
	for i := range rows {
		rows[i] = 1
	}
	b.issues(rows...)
	next := uint64(1)
	for {
		page, err := b.Page(t.Context(), channel, next-1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			if r.Sequence != next {
				t.Fatalf("receipt %d, want %d", r.Sequence, next)
			}
			next++
		}
	}
	if next != total+1 {
		t.Errorf("the pages end at %d of %d", next-1, total)
	}
	if page, err := b.Page(t.Context(), vouchers.ChannelID{1}, 0); err != nil || len(page) != 0 {
		t.Errorf("a channel without receipts: %v, %v", page, err)
	}
}

func TestABookThatWasRestoredGivesNoNumberTwiceAndItsStatementAddsUp(t *testing.T) {
	b := newBook(t)
	b.issues(1, 2)
	if _, err := vouchers.OpenEpoch(t.Context(), b.store); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.issues(3, 4)
	all := b.all()
	if len(all) != 4 || all[2].Sequence != 1<<40+1 || all[3].Sequence != 1<<40+2 || all[2].Previous == (common.Hash{}) {
		t.Fatalf("%+v", all)
	}
	if a := audited(t, all); a.Fault != nil || a.Receipts != 4 || a.Charged != 10 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAPayerHasReceiptsThatASellerHasForgotten(t *testing.T) {
	seller := newBook(t)
	seller.issues(1, 2, 3, 4)
	payers := seller.all()
	restored := newBook(t)
	restored.issues(1, 2)
	if _, err := vouchers.OpenEpoch(t.Context(), restored.store); err != nil {
		t.Fatal(err)
	}
	restored.restart()
	restored.issues(7, 5) // what the payer has shown, and a call
	payers = append(payers, restored.all()[2:]...)
	a := audited(t, payers)
	if a.Fault != nil || a.Receipts != 6 || a.Charged != 15 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
	for name, bend := range map[string]func(r *receipts.Receipt){
		"from more than was charged before": func(r *receipts.Receipt) { r.Cumulative += 8 },
		"from another number of the epoch":  func(r *receipts.Receipt) { r.Sequence++ },
	} {
		bent := slices.Clone(payers)
		bend(&bent[4].Receipt)
		bent[4] = sign(t, bent[4].Receipt)
		if a := audited(t, bent); a.Fault == nil || a.Receipts != 4 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// sign signs a receipt as it is.
func sign(t testing.TB, r receipts.Receipt) receipts.Signed {
	t.Helper()
	digest, err := r.Digest()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := authorizer.SignHash(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	return receipts.Signed{Receipt: r, Signature: signature}
}

// audited is what a statement of these receipts of the channel proves.
func audited(t testing.TB, all []receipts.Signed) receipts.Audit {
	t.Helper()
	var statement bytes.Buffer
	s := receipts.NewStatement(&statement)
	if err := s.Account(receipts.AccountOf(deployment, channel, config)); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := s.Receipt(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	audits, err := receipts.Verify(&statement)
	if err != nil {
		t.Fatal(err)
	}
	return audits[0]
}

func (b *book) restart() {
	b.t.Helper()
	if err := b.store.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
}
