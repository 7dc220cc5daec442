package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// backup copies the store of a shop, as it is now.
func (s *shop) backup() string {
	s.t.Helper()
	s.close()
	defer s.open()
	to := filepath.Join(s.t.TempDir(), "backup.db")
	copyStore(s.t, s.path, to)
	return to
}

func copyStore(t testing.TB, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	at, err := os.Stat(from)
	if err == nil && at.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else if err == nil {
		var content []byte
		if content, err = os.ReadFile(from); err == nil {
			err = os.WriteFile(to, content, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// restore puts a backup in the place of the shop's store, which opens an epoch.
func (s *shop) restore(backup string) {
	s.t.Helper()
	s.close()
	copyStore(s.t, backup, s.path)
	s.open()
	if _, err := vouchers.OpenEpoch(s.t.Context(), s.store); err != nil {
		s.t.Fatal(err)
	}
	s.restart()
}

// shows is the evidence of a payer who signs this ceiling.
func (p *payer) shows(ceiling, charged, counted vouchers.Amount) ledger.Evidence {
	paid := p.pays(ceiling, 0)
	return ledger.Evidence{
		Deployment: paid.Deployment, Config: paid.Config, Voucher: paid.Voucher, Signature: paid.Signature,
		Charged: charged, Counted: counted,
	}
}

// takes has evidence taken over, and returns what that added.
func (s *shop) takes(e ledger.Evidence) ledger.Charge {
	s.t.Helper()
	charge, err := s.Restore(s.t.Context(), e, saying("it is taken over"))
	if err != nil {
		s.t.Fatal(err)
	}
	return charge
}

// forgotten is a shop that was restored after a call of 100, and has forgotten calls of 400.
func forgotten(t testing.TB) (*shop, *payer) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(100, 100))
	backup := s.backup()
	s.call(p.pays(300, 200))
	s.call(p.pays(500, 200))
	s.restore(backup)
	if c := s.channel(p); c.Charged != 100 || c.Ceiling != 100 || !c.Doubted {
		t.Fatalf("%+v", c)
	}
	return s, p
}

func TestWhatARestoredStoreHasForgottenIsTakenFromThePayersNextVoucher(t *testing.T) {
	s, p := forgotten(t)
	if s.Behind(p.id, 100) || !s.Behind(p.id, 500) {
		t.Error("it is behind a payer who counts 500, and not one who counts 100")
	}
	charge := s.takes(p.shows(600, 0, 500))
	if charge.Charged != 400 || charge.Cumulative != 500 || charge.State.Charged != 500 {
		t.Errorf("%+v", charge)
	}
	for range 2 {
		if c := s.channel(p); c.Charged != 500 || c.Ceiling != 600 || c.Doubted || c.Reserved != 0 || c.InFlight != 0 || s.Behind(p.id, 900) {
			t.Errorf("%+v", c)
		}
		s.restart()
	}
	s.refused(p.pays(300, 10), ledger.ErrCeilingMismatch) // it has bought what is known again
	if again := s.takes(p.shows(900, 0, 800)); again.Charged != 0 {
		t.Errorf("a voucher is evidence once, and not again: %+v", again)
	}
	if c := s.channel(p); c.Charged != 500 {
		t.Errorf("%+v", c)
	}
}

func TestAReceiptIsEvidenceAtAnyTimeAndTheVoucherThatShowsItPaysForItsCall(t *testing.T) {
	s, p := forgotten(t)
	s.call(p.pays(110, 10)) // an old voucher, from which nothing is learnt
	if c := s.channel(p); c.Doubted || c.Charged != 110 {
		t.Errorf("%+v", c)
	}
	s.takes(p.shows(600, 500, 0))
	s.call(p.pays(600, 100))
	s.restart()
	if c := s.channel(p); c.Charged != 600 || c.Ceiling != 600 || c.Doubted {
		t.Errorf("%+v", c)
	}
	if again := s.takes(p.shows(900, 500, 0)); again.Charged != 0 {
		t.Errorf("%+v", again)
	}
}

func TestEvidenceIsTakenAsFarAsThePayerHasSignedAndTheChannelHolds(t *testing.T) {
	for name, c := range map[string]struct{ ceiling, charged, counted, want vouchers.Amount }{
		"signed for less":  {450, 500, 0, 450},
		"holds less":       {5000, 2000, 0, 1000},
		"counts more":      {5000, 0, 2000, 1000},
		"counts and shows": {700, 500, 600, 500},
		"counts less":      {700, 500, 50, 500},
		"nothing new":      {700, 90, 100, 100},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := forgotten(t)
			s.takes(p.shows(c.ceiling, c.charged, c.counted))
			if got := s.channel(p); got.Charged != c.want || got.Charged > got.Balance {
				t.Errorf("charged %d, want %d: %+v", got.Charged, c.want, got)
			}
		})
	}
}

func TestEvidenceNeedsThePayersOwnVoucher(t *testing.T) {
	s, p := forgotten(t)
	forged := p.shows(600, 500, 500)
	forged.Signature = newPayer(t, "another").shows(600, 500, 500).Signature
	burnt := p.shows(500, 0, 500)
	if err := s.Burn(t.Context(), p.id, 500); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), forged, nil); !errors.Is(err, ledger.ErrVoucherSignature) {
		t.Errorf("forged: %v", err)
	}
	if got := s.takes(burnt); got.Charged != 0 {
		t.Errorf("what anybody can read on the chain is taken: %+v", got)
	}
	stranger := newPayer(t, "stranger")
	if _, err := s.Restore(t.Context(), stranger.shows(1, 1, 1), nil); !errors.Is(err, ledger.ErrChannelNotFound) {
		t.Errorf("stranger: %v", err)
	}
	misnamed := p.shows(600, 500, 500)
	misnamed.Config = stranger.config
	if _, err := s.Restore(t.Context(), misnamed, nil); !errors.Is(err, ledger.ErrChannelID) {
		t.Errorf("misnamed: %v", err)
	}
	if c := s.channel(p); c.Charged != 100 || !c.Doubted {
		t.Errorf("%+v", c)
	}
}

func TestEvidenceThatCannotBeAnsweredForIsTakenLater(t *testing.T) {
	s, p := forgotten(t)
	silent := func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{}, errNoAnswer }
	if _, err := s.Restore(t.Context(), p.shows(600, 500, 0), silent); !errors.Is(err, errNoAnswer) {
		t.Errorf("%v", err)
	}
	if c := s.channel(p); c.Charged != 100 || c.Reserved != 0 || c.InFlight != 0 || !c.Doubted {
		t.Errorf("%+v", c)
	}
	s.takes(p.shows(600, 500, 0))
	if c := s.channel(p); c.Charged != 500 || c.Doubted {
		t.Errorf("%+v", c)
	}
}

func TestWhatTokensSpendWhileTheChannelIsInDoubtComesOnTopOfWhatIsShown(t *testing.T) {
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 1000)
	s.call(p.pays(100, 100))
	s.setAside(p.pays(400, 300))
	backup := s.backup()
	s.commit(s.draw(p, 50), 50) // forgotten, and in what the payer's receipt says
	s.call(p.pays(600, 200))    // forgotten
	s.restore(backup)
	s.commit(s.draw(p, 20), 20)
	s.restart()
	s.commit(s.draw(p, 10), 10)
	if c := s.channel(p); c.Charged != 130 || c.Aside != 270 || !c.Doubted {
		t.Errorf("%+v", c)
	}
	s.takes(p.shows(700, 350, 600)) // 100 + 50 + 200 by the receipt; 300 for tokens
	for range 2 {
		if c := s.channel(p); c.Charged != 380 || c.Aside != 220 || c.Count() != 600 || c.Doubted {
			t.Errorf("%+v", c)
		}
		s.restart()
	}
}

func TestAChannelThatWasReconciledIsInDoubtAgainAfterTheNextRestore(t *testing.T) {
	s, p := forgotten(t)
	s.call(p.pays(110, 10))
	s.restart()
	if s.channel(p).Doubted {
		t.Error("what was written with the call does not say that it is reconciled")
	}
	s.restore(s.backup())
	if !s.channel(p).Doubted {
		t.Error("another restore leaves it without a doubt")
	}
	fresh := newPayer(t, "fresh").deposits(s, 1000)
	if !s.channel(fresh).Doubted {
		t.Error("a channel that was opened since may have been so before the restore")
	}
}

// history is what a payer does at a shop that will be restored.
type history struct {
	*payer
	seed   *rand.Rand
	before ledger.Channel // as the shop knew it when it was lost
	drawn  vouchers.Amount
}

func (h *history) buys(s *shop) {
	for range h.seed.IntN(4) {
		price, c := vouchers.Amount(1+h.seed.IntN(50)), s.channel(h.payer)
		if c.Aside >= price && h.seed.IntN(2) == 0 {
			s.commit(s.draw(h.payer, price), price)
			continue
		}
		s.call(h.pays(c.Count()+price, price))
	}
}

// drawsInDoubt spends a little of what is set aside for tokens, as far as there was so much.
func (h *history) drawsInDoubt(s *shop) {
	for range h.seed.IntN(3) {
		if h.before.Aside > h.drawn && s.channel(h.payer).Aside > 0 {
			s.commit(s.draw(h.payer, 1), 1)
			h.drawn++
		}
	}
}

// Whatever a shop has sold before it was restored, its payers' newest receipts and their counts
// make it know again.
func TestPayersMakeARestoredLedgerKnowWhatItKnew(t *testing.T) {
	s := newShop(t)
	var all []*history
	for n := range 40 {
		h := &history{payer: newPayer(t, fmt.Sprint("payer ", n)).deposits(s, 100_000), seed: rand.New(rand.NewPCG(uint64(n), 1))}
		s.setAside(h.pays(100, 100))
		h.buys(s)
		all = append(all, h)
	}
	backup := s.backup()
	for _, h := range all {
		h.buys(s)
		h.before = s.channel(h.payer)
	}
	s.restore(backup)
	for _, h := range all {
		h.drawsInDoubt(s)
	}
	s.restart()
	for n, h := range all {
		count, known := h.before.Count(), s.channel(h.payer)
		if n%2 == 0 {
			s.takes(h.shows(count+10, 0, count))
			if c := s.channel(h.payer); c.Count() != count || c.Charged < known.Charged {
				t.Errorf("%d: the payer counts %d, the shop %d", n, count, c.Count())
			}
			continue
		}
		s.takes(h.shows(count+10, h.before.Charged, count))
		c := s.channel(h.payer)
		if forgot := h.before.Charged + h.drawn - known.Charged; c.Charged != h.before.Charged+h.drawn || forgot > 0 && c.Aside != h.before.Aside-h.drawn {
			t.Errorf("%d: it was charged %d with %d aside, %d was drawn since; it knows %+v", n, h.before.Charged, h.before.Aside, h.drawn, c)
		}
	}
}
