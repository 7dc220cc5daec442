package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	bberrors "go.etcd.io/bbolt/errors"

	"github.com/chitpay/chit/vouchers"
)

// Book is the payer's list of channels on disk. What it holds can be lost without
// loss of money: the chain and the seller's corrective answer, which carries the
// payer's own signature, bring it back. The file is open only while it is read or
// written, so that several processes can share it.
type Book struct{ path string }

// Entry is a channel in the book. Amounts are atomic USDC.
type Entry struct {
	Channel    vouchers.ChannelID     `json:"channel"`
	Deployment vouchers.Deployment    `json:"deployment"`
	Config     vouchers.ChannelConfig `json:"config"`
	// Server is the URL of the MCP endpoint that the channel pays.
	Server string `json:"server"`
	// Balance is the deposits less refunds, Charged what calls cost so far, Signed the highest ceiling signed.
	Balance vouchers.Amount `json:"balance"`
	Charged vouchers.Amount `json:"charged"`
	Signed  vouchers.Amount `json:"signed"`
}

// Available is what further calls can spend, in atomic USDC.
func (e Entry) Available() vouchers.Amount { return left(e.Balance, e.Charged) }

var channelsBucket = []byte("channels")

// bookWait is how long one process waits for another to be done with the file.
const bookWait = 5 * time.Second

// OpenBook opens the book, or makes it, for its owner alone. A process that holds
// the file longer than a few seconds makes others fail with [ErrBookBusy].
func OpenBook(path string) (*Book, error) {
	b := &Book{path}
	return b, b.update(func(*bbolt.Bucket) error { return nil })
}

func (b *Book) update(f func(*bbolt.Bucket) error) error {
	db, err := bbolt.Open(b.path, 0o600, &bbolt.Options{Timeout: bookWait})
	if errors.Is(err, bberrors.ErrTimeout) {
		return fmt.Errorf("%w: %s; wait for the other chit process, or end it", ErrBookBusy, b.path)
	}
	if err != nil {
		return fmt.Errorf("open the channel book %s: %w", b.path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(channelsBucket)
		if err != nil {
			return err
		}
		return f(bucket)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("channel book %s: %w", b.path, err)
	}
	return nil
}

// Channel returns the entry of a channel, and false if there is none.
func (b *Book) Channel(id vouchers.ChannelID) (entry Entry, found bool, err error) {
	err = b.update(func(bucket *bbolt.Bucket) error {
		raw := bucket.Get(id[:])
		if raw == nil {
			return nil
		}
		found = true
		return json.Unmarshal(raw, &entry)
	})
	return entry, found, err
}

// Channels lists the book.
func (b *Book) Channels() ([]Entry, error) {
	entries := []Entry{}
	err := b.update(func(bucket *bbolt.Bucket) error {
		return bucket.ForEach(func(_, raw []byte) error {
			var entry Entry
			if err := json.Unmarshal(raw, &entry); err != nil {
				return err
			}
			entries = append(entries, entry)
			return nil
		})
	})
	return entries, err
}

// Put writes an entry, durably.
func (b *Book) Put(entry Entry) error {
	raw, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("write channel %s to the book: %w", entry.Channel, err)
	}
	return b.update(func(bucket *bbolt.Bucket) error { return bucket.Put(entry.Channel[:], raw) })
}
