package migrate

import (
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// Receipt reads a receipt as a store of version 1 has kept it.
type Receipt func(key, value []byte) (*vouchers.Entry, error)

// Options of a migration.
type Options struct {
	// Now tells the time: answers whose time is over are left out.
	Now func() time.Time
	// Receipt reads the receipts. Without it a store that has any is not migrated.
	Receipt Receipt
	// TableEntries is how many receipts a table has at most; 0 is the default, 262144.
	TableEntries int
}

const tableEntries = 1 << 18

// Run makes the store of version 1 at path a folder. The file stays beside it, and on an error where
// it was. The caller has the [folder.Lock].
func Run(path string, o Options) (err error) {
	if o.TableEntries == 0 {
		o.TableEntries = tableEntries
	}
	from, err := state.OpenFormer(path)
	if err != nil {
		return err
	}
	_, err = folder.Replace(path, func(dir string) error { return convert(from, dir, &o) })
	if err := errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("migrate store %s, which is as it was: %w", path, err)
	}
	return nil
}

// convert fills a folder with what a store of version 1 has.
func convert(from *state.Former, dir string, o *Options) (err error) {
	to, err := state.Open(folder.State(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := from.CopyTo(to); err != nil {
		return err
	}
	tables, err := convertReceipts(from, dir, to, o)
	if err != nil {
		return err
	}
	if err := convertAnswers(from, dir, o); err != nil {
		return err
	}
	// The segments of the journal are numbered after the tables, whose numbers are theirs.
	j, err := journal.Open(folder.Journal(dir), journal.Options{First: tables + 1})
	if err != nil {
		return err
	}
	return errors.Join(to.Bind(j.Name()), to.Write(&state.Changes{Position: j.End()}), j.Close())
}

// convertAnswers seals the answers whose time is not over.
func convertAnswers(from *state.Former, dir string, o *Options) (err error) {
	shelf, err := history.OpenAnswers(folder.Answers(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shelf.Close()) }()
	b := new(history.AnswerBuilder)
	now := o.Now()
	err = from.Answers(func(a vouchers.Answer) error {
		if !now.Before(a.Expires) {
			return nil
		}
		b.Add(&a)
		return nil
	})
	if err != nil || b.Len() == 0 {
		return err
	}
	return b.Write(shelf.Path(1))
}
