package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// ErrKeyInUse says that another store sells with the key.
var ErrKeyInUse = errors.New("the key sells from another store")

// tenure is a shop's hold on its key: beside the key there is, for each chain, a note of
// the one store that sells with it, which is locked while the shop is open. The note also
// has the store's epoch, which rises whenever the store is opened or copied: one below the
// note's is an older copy, whose channels have had claims that it does not know.
type tenure struct {
	notes    []*os.File
	store    string // the absolute path
	bucket   vouchers.Bucket
	restored vouchers.Bucket // of [vouchers.EpochBucket]
	epoch    uint64
	books    uint64 // the highest epoch of receipts that is noted
	older    bool
}

// note is what stands in the file.
type note struct {
	Store string `json:"store"`
	Epoch uint64 `json:"epoch"`
	// Books is the epoch of the store's receipts (see [vouchers.Epoch]).
	Books uint64 `json:"books,omitempty"`
}

// holdKey takes the key on these chains for a store. An empty folder notes nothing.
func holdKey(folder, store string, key common.Address, chains []uint64) (_ *tenure, err error) {
	t := new(tenure)
	if folder == "" {
		return t, nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.store, err = filepath.Abs(store); err != nil {
		return nil, fmt.Errorf("store %s: %w", store, err)
	}
	for _, chain := range chains {
		path := filepath.Join(folder, fmt.Sprintf("seller-%s-%d.json", strings.ToLower(key.Hex()), chain))
		if err := t.hold(path, key, chain); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *tenure) hold(path string, key common.Address, chain uint64) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("note which store sells with key %s: %w", key, err)
	}
	t.notes = append(t.notes, file)
	locked := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	known, err := readNote(file)
	if err != nil {
		return fmt.Errorf("which store sells with key %s: %w", key, err)
	}
	if known.Store == t.store || known.Store == "" || isGone(known.Store, t.store) {
		if locked != nil {
			return fmt.Errorf("%w: %w: key %s on chain %d, by a shop that runs: ask it for what you need, or stop it first", ErrKeyInUse, diskstore.ErrInUse, key, chain)
		}
		t.epoch, t.books = max(t.epoch, known.Epoch), max(t.books, known.Books)
		return nil
	}
	return fmt.Errorf("%w: %s on chain %d sells from %s, and two stores with one key sell the same money twice: use that store, or another key for this one (`chit wallet new`); if that store is not used any more, move it away or delete %s",
		ErrKeyInUse, key, chain, known.Store, path)
}

// readNote reads a note; one that was cut short by a crash says nothing.
func readNote(file *os.File) (n note, err error) {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<16))
	if err != nil {
		return n, err
	}
	if json.Unmarshal(text, &n) != nil {
		return note{}, nil
	}
	return n, nil
}

// isGone reports whether the store that is noted was moved: it is not there any more, or
// is ours under another name.
func isGone(noted, ours string) bool {
	there, err := os.Stat(noted)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	here, err := os.Stat(ours)
	return err == nil && os.SameFile(there, here)
}

// epochBucket is the store's bucket of its epoch.
const epochBucket = "epoch"

var epochKey = []byte("epoch")

// begin compares the store's epoch with the noted one, and begins the next one unless the
// store is older: then [tenure.renew] does, once the ledger has caught up with the chain.
func (t *tenure) begin(ctx context.Context, store vouchers.Store) error {
	if err := t.compare(ctx, store); err != nil {
		return err
	}
	return t.beginBooks(ctx, store)
}

func (t *tenure) compare(ctx context.Context, store vouchers.Store) error {
	if len(t.notes) == 0 {
		return nil
	}
	t.bucket = store.Bucket(epochBucket)
	value, err := t.bucket.Get(epochKey)
	if err != nil {
		return err
	}
	epoch := uint64(0)
	if len(value) == 8 {
		epoch = binary.BigEndian.Uint64(value)
	}
	t.older = epoch < t.epoch
	t.epoch = max(t.epoch, epoch)
	if t.older {
		return nil
	}
	return t.renew(ctx)
}

// caughtUpKey is the key in [vouchers.EpochBucket] of the epoch in which a store has caught up
// with the chain.
var caughtUpKey = []byte("caught-up")

// beginBooks opens an epoch of receipts in an older copy that nobody has opened one in: what was
// sold since it was made is not known. A store that was restored is older too, until it has
// caught up with the chain.
func (t *tenure) beginBooks(ctx context.Context, store vouchers.Store) error {
	t.restored = store.Bucket(vouchers.EpochBucket)
	books, err := vouchers.Epoch(store)
	if err == nil && t.older && books <= t.books {
		books, err = vouchers.OpenEpoch(ctx, store, t.books)
	}
	if err != nil {
		return err
	}
	caughtUp, err := t.restored.Get(caughtUpKey)
	if err != nil {
		return err
	}
	t.books = max(t.books, books)
	if books > 0 && !bytes.Equal(caughtUp, encodeEpoch(books)) {
		t.older = true
		return t.note()
	}
	return nil
}

func encodeEpoch(epoch uint64) []byte { return binary.BigEndian.AppendUint64(nil, epoch) }

// renew begins the store's next epoch. The store knows of it first.
func (t *tenure) renew(ctx context.Context) error {
	if t.restored != nil && t.books > 0 {
		if err := t.restored.Put(ctx, caughtUpKey, encodeEpoch(t.books)); err != nil {
			return fmt.Errorf("write down that the store has caught up with the chain: %w", err)
		}
	}
	t.older = false
	if t.bucket == nil {
		return nil
	}
	t.epoch++
	if err := t.bucket.Put(ctx, epochKey, encodeEpoch(t.epoch)); err != nil {
		return fmt.Errorf("begin epoch %d of the store: %w", t.epoch, err)
	}
	return t.note()
}

// note writes the epochs beside the key.
func (t *tenure) note() error {
	text, err := json.Marshal(note{t.store, t.epoch, t.books})
	if err != nil {
		return err
	}
	for _, file := range t.notes {
		_, err := file.WriteAt(text, 0)
		if err = errors.Join(err, file.Truncate(int64(len(text))), file.Sync()); err != nil {
			return fmt.Errorf("note epoch %d of the store: %w", t.epoch, err)
		}
	}
	return nil
}

// close gives the key free. The note stays.
func (t *tenure) close() error {
	if t == nil {
		return nil
	}
	var failed []error
	for _, file := range t.notes {
		failed = append(failed, file.Close())
	}
	t.notes = nil
	return errors.Join(failed...)
}
