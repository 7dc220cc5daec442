package account

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/chitpay/chit/vouchers"
)

// joined is an account that shares a channel with those that have the same book.
func joined(t *testing.T, book string, begins figures) *Account {
	t.Helper()
	a := new(Account)
	var err error
	if a.board, err = openBoard(t.Context(), book, vouchers.ChannelID{1}, &a.figures, func() (figures, error) { return begins, nil }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.board.close(); err != nil { // a nil one has left
			t.Error(err)
		}
	})
	return a
}

func TestAccountsWithTheSameBookAreOne(t *testing.T) {
	book := filepath.Join(t.TempDir(), "agent[1].db")
	one := joined(t, book, newFigures(1_000, 0, 0))
	reserved(t, one, 10, 10)
	two := joined(t, book, figures{}) // is not asked
	reserved(t, two, 20, 30)
	landed(t, one.Settle(10, 10, 10))
	two.Lose(30)
	reserved(t, one, 5, 35)
	one.lock()
	two.mu.Lock()
	if err := two.board.read(&two.figures); err != nil || !reflect.DeepEqual(one.figures, two.figures) {
		t.Errorf("the two have\n%+v and\n%+v, %v", one.figures, two.figures, err)
	}
	two.mu.Unlock()
	one.look()
	landed(t, two.correct(0, 30, 35)) // waits for the call of the other
	landed(t, one.Settle(35, 5, 35))
	reserved(t, two, 1, 36)
}

func TestTheBookDoesNotBringBackACountThatAProofHasLowered(t *testing.T) {
	book := filepath.Join(t.TempDir(), "agent.db")
	one := joined(t, book, newFigures(1_000, 20, 20))
	landed(t, one.correct(0, 10, 20))
	if err := one.board.close(); err != nil { // before the book has it
		t.Fatal(err)
	}
	one.board = nil
	other := joined(t, book, newFigures(1_000, 20, 20))
	reserved(t, other, 5, 15)
}

func TestAHalfWrittenAccountIsWhatItWasBefore(t *testing.T) {
	book := filepath.Join(t.TempDir(), "agent.db")
	one := joined(t, book, newFigures(1_000, 0, 0))
	reserved(t, one, 10, 10)
	two := joined(t, book, figures{})
	b := *one.board
	b.generation++ // as a process that is killed in the middle of a write leaves it
	slot := int64(b.generation%2) * slotSize
	header := make([]byte, slotHeader)
	if _, err := b.file.ReadAt(header, int64((b.generation+1)%2)*slotSize); err != nil {
		t.Fatal(err)
	}
	header[0]++
	if _, err := b.file.WriteAt(header, slot); err != nil {
		t.Fatal(err)
	}
	if _, err := b.file.WriteAt([]byte{0xff}, slot+slotHeader); err != nil {
		t.Fatal(err)
	}
	three := joined(t, book, figures{})
	reserved(t, three, 1, 11)
	reserved(t, two, 1, 12)
	reserved(t, one, 1, 13)
}
