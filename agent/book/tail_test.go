package book

import (
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/vouchers"
)

func TestANoteThatIsCutOffSpoilsNoOther(t *testing.T) {
	dir := t.TempDir()
	own := tail{dir: filepath.Join(dir, "live")}
	jot := func(amount vouchers.Amount) error {
		return own.jot("http://shop", budget.Change{Day: "2026-01-01", Tool: "work", Amount: amount})
	}
	if err := jot(1); err != nil {
		t.Fatal(err)
	}
	if _, err := own.file.WriteString(`{"server":"aHR`); err != nil {
		t.Fatal(err)
	}
	if err := own.file.Close(); err != nil { // as a disk that is full
		t.Fatal(err)
	}
	if err := jot(2); err == nil {
		t.Fatal("a note that cannot be written is no error")
	}
	if err := jot(4); err != nil {
		t.Fatal(err)
	}
	_ = own.close() // tells of the file that was closed already

	dead, err := leftovers(own.dir)
	if err != nil || len(dead) != 1 {
		t.Fatalf("left over are %+v, %v", dead, err)
	}
	db, err := bbolt.Open(filepath.Join(dir, "book.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, want := range []vouchers.Amount{5, 0} { // each note once
		var sum vouchers.Amount
		err := db.Update(func(tx *bbolt.Tx) error {
			rows := budget.Rows{}
			err := dead[0].replay(tx, rows)
			for _, amount := range rows {
				sum += amount
			}
			return err
		})
		if err != nil || sum != want {
			t.Errorf("the notes come to %s, %v, want %s", sum, err, want)
		}
	}
}
