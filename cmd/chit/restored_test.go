package main_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// TestABusyShopThatIsRestoredKnowsEveryAnsweredChargeAgain backs a busy shop up, lets it sell on,
// kills it and restores the backup, over and over. After each payer's next call every charge
// that was answered is known again.
func TestABusyShopThatIsRestoredKnowsEveryAnsweredChargeAgain(t *testing.T) {
	cycles := number(t, "CRASH_CYCLES", 3)
	s := besiege(t, uint64(number(t, "CRASH_SEED", 16)))
	known := &memory{numbers: map[string]vouchers.Amount{}, open: map[vouchers.ChannelID]vouchers.Amount{}}
	for i, b := range s.buyers {
		b.options.Stock = i%2 == 1
		b.options.Book = filepath.Join(t.TempDir(), "agent.db")
		b.options.Reopened = func(agent.Reopened) {}
	}
	for cycle := 1; cycle <= cycles && !t.Failed(); cycle++ {
		backup := filepath.Join(t.TempDir(), "backup")
		s.sellsAndIsKilled(cycle, backup)
		restored := decode[struct {
			Epoch    int
			Channels int
		}](t, s.ok(t, "store", "restore", "--json", backup))
		if restored.Epoch != cycle || restored.Channels != crashBuyers {
			t.Errorf("cycle %d: restored %+v", cycle, restored)
		}
		s.serve()
		s.everybodyCalls(cycle)
		s.knowsWhatWasAnswered(cycle, known)
	}
	for _, b := range s.buyers {
		s.contradictsNothing(b)
	}
	s.takesBack(s.buyers[0])
	if code := s.server.interrupt(t); code != 0 {
		t.Errorf("serve ends with %d\n%s", code, s.server.out)
	}
	s.ok(t, "store", "check")
}

// sellsAndIsKilled has all buyers buy while the shop is backed up, and on until it is killed.
func (s *siege) sellsAndIsKilled(cycle int, backup string) {
	s.t.Helper()
	killed, copied := make(chan struct{}), make(chan outcome, 1)
	kill := func() {
		close(killed)
		if err := s.server.command.Process.Kill(); err != nil {
			s.t.Error(err)
		}
	}
	var crowd sync.WaitGroup
	for i, b := range s.buyers {
		crowd.Go(func() { s.buy(b, fmt.Sprintf("cycle %d, buyer %d", cycle, i), killed) })
	}
	crowd.Go(func() {
		copied <- s.run(s.t, "store", "backup", backup)
		s.wire.light(fuse{requests: -1, answers: 100 + s.random.IntN(200), blow: kill})
	})
	crowd.Wait()
	_ = s.server.command.Wait() // says that it was killed
	if out := <-copied; out.code != 0 {
		s.t.Fatalf("backup: %+v", out)
	}
}

// everybodyCalls has each buyer make one call.
func (s *siege) everybodyCalls(cycle int) {
	s.t.Helper()
	for i, b := range s.buyers {
		client, err := agent.Dial(s.t.Context(), s.url, b.options)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, receipt, err := client.CallTool(s.t.Context(), "hash", map[string]any{"text": fmt.Sprint("after cycle ", cycle)}); err != nil || receipt.Signed == nil {
			s.t.Errorf("cycle %d, buyer %d: %+v, %v", cycle, i, receipt, err)
		} else {
			s.books.receive(b.id, receipt)
		}
		if err := client.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// memory is what a test knows of all lives of a shop: the totals of the receipts by their
// numbers, and the prices of calls whose answers never came, which may have been charged.
type memory struct {
	numbers map[string]vouchers.Amount
	open    map[vouchers.ChannelID]vouchers.Amount
}

// knowsWhatWasAnswered holds the shop against all that was ever answered on the wire.
func (s *siege) knowsWhatWasAnswered(cycle int, known *memory) {
	s.t.Helper()
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	for identifier, p := range s.wire.take() {
		if p.answer == nil {
			known.open[p.channel] += p.price
		} else if p.answer.charged > 0 {
			s.books.enter(identifier, p)
		}
	}
	s.books.cycles = cycle
	s.books.compare(s.channels(), known.open)
	for _, view := range s.channels() {
		if view.Doubted {
			s.t.Errorf("cycle %d: channel %s is still in doubt", cycle, view.Channel)
		}
	}
	s.verify()
	s.numbersNothingTwice(known.numbers)
}

// numbersNothingTwice fails where the buyers' books have two receipts of a number, of which one
// was signed in a life of the shop before.
func (s *siege) numbersNothingTwice(numbers map[string]vouchers.Amount) {
	s.t.Helper()
	for _, b := range s.buyers {
		for _, r := range s.receiptsOf(b) {
			number := fmt.Sprint(r.Channel, r.Sequence)
			if other, known := numbers[number]; known && other != r.Cumulative {
				s.t.Errorf("receipt %s was signed for a total of %s and of %s", number, other, r.Cumulative)
			}
			numbers[number] = r.Cumulative
		}
	}
}

func (s *siege) receiptsOf(b *buyer) (all []receipts.Signed) {
	s.t.Helper()
	kept, err := book.Open(s.t.Context(), b.options.Book)
	if err == nil {
		all, err = kept.Receipts(b.id)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		s.t.Error(err)
	}
	return all
}

// contradictsNothing fails where a buyer's book has two receipts of one number, or none of an
// epoch.
func (s *siege) contradictsNothing(b *buyer) {
	s.t.Helper()
	kept, err := book.Open(s.t.Context(), b.options.Book)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := kept.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	if twice, err := kept.Contradictions(b.id); err != nil || len(twice) > 0 {
		s.t.Errorf("%d receipts contradict others, %v", len(twice), err)
	}
	all, err := kept.Receipts(b.id)
	if err != nil || !slices.ContainsFunc(all, func(r receipts.Signed) bool {
		return strings.HasPrefix(r.Resource, "mcp://tool/") && r.Sequence > 1<<40
	}) {
		s.t.Errorf("no receipt of a call is of a later epoch, %v", err)
	}
}

// takesBack has a buyer ask for what is left: it gets what was not charged.
func (s *siege) takesBack(b *buyer) {
	s.t.Helper()
	client, err := agent.Dial(s.t.Context(), s.url, b.options)
	if err != nil {
		s.t.Fatal(err)
	}
	before := s.channels()[b.id]
	back, err := client.Refund(s.t.Context(), 0)
	if err != nil || back.Amount != before.Balance-before.Charged {
		s.t.Errorf("refunded %+v of %+v, %v", back, before, err)
	}
	if err := client.Close(); err != nil {
		s.t.Error(err)
	}
}
