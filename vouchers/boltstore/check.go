package boltstore

import (
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
)

// Report is what [Check] found.
type Report struct {
	Stats
	// Problems name what is damaged, each with its bucket and key. None means that
	// the store is sound.
	Problems []string `json:"problems"`
}

// maxProblems is how many problems a report lists: whoever reads more than that
// needs a backup, not a list.
const maxProblems = 100

// Check reads every page and every value of a store that no process has open. It
// changes nothing. Damage is in the report; an error, one of those of [Open], says
// that the file cannot be read at all.
func Check(path string) (report Report, err error) {
	err = inspect(path, func(tx *bbolt.Tx) error {
		c := checker{tx: tx}
		if err := guard(c.values); err != nil {
			c.report(err) // the pages are damaged: their own check would not survive it
		} else {
			c.pages()
		}
		report.Problems = c.problems
		return guard(func() error {
			report.Stats, err = readStats(tx)
			return err
		})
	})
	if len(report.Problems) > 0 {
		err = nil
	}
	return report, err
}

type checker struct {
	tx       *bbolt.Tx
	problems []string
}

func (c *checker) report(err error) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, err.Error())
	}
}

// pages is bbolt's own check: every page is reachable once, or free.
func (c *checker) pages() {
	for err := range c.tx.Check() {
		c.report(err)
	}
}

func (c *checker) values() error {
	for _, check := range []func() error{c.channels, c.answers, c.rooms} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) channels() error {
	terms := map[uint32]bool{}
	err := c.each(c.tx.Bucket(termsBucket), termsBucket, func(key, value []byte) error {
		number, _, err := decodeTerms(key, value)
		terms[number] = err == nil
		return err
	})
	if err != nil {
		return err
	}
	var r vouchers.Record
	return c.each(c.tx.Bucket(channelBucket), channelBucket, func(key, value []byte) error {
		number, err := decodeChannel(key, value, &r)
		switch {
		case err != nil:
			return err
		case !terms[number]:
			return fmt.Errorf("%w: terms %d are missing", ErrCorrupt, number)
		case r.Claimed > r.Charged || r.Charged > r.Ceiling:
			return fmt.Errorf("%w: claimed %s, charged %s, ceiling %s do not rise", ErrCorrupt, r.Claimed, r.Charged, r.Ceiling)
		}
		return nil
	})
}

func (c *checker) answers() error {
	expiries := c.tx.Bucket(expiryBucket)
	err := c.each(c.tx.Bucket(answerBucket), answerBucket, func(key, value []byte) error {
		a, err := decodeAnswer(key, value)
		if err == nil && expiries.Get(expiryKey(seconds(a.Expires), key)) == nil {
			err = fmt.Errorf("%w: the answer is not in the index by time", ErrCorrupt)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.each(expiries, expiryBucket, func(key, _ []byte) error {
		_, _, err := splitExpiry(key)
		return err
	})
}

func (c *checker) rooms() error {
	rooms := c.tx.Bucket(roomsBucket)
	return rooms.ForEachBucket(func(name []byte) error {
		return c.each(rooms.Bucket(name), name, func(key, value []byte) error {
			_, err := open(key, value, headLength)
			return err
		})
	})
}

// each reports what check finds wrong with each value of a bucket, and goes on.
func (c *checker) each(b *bbolt.Bucket, name []byte, check func(key, value []byte) error) error {
	return b.ForEach(func(key, value []byte) error {
		if err := check(key, value); err != nil {
			c.report(at(name, key, err))
		}
		return nil
	})
}
