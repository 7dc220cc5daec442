package boltstore

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// Stats say what a store holds.
type Stats struct {
	// Version is the version of the file's format.
	Version int `json:"version"`
	// Bytes is the size of what the file holds, Used the part of it that is not
	// free for what comes next: [Compact] gives back the difference.
	Bytes int64 `json:"bytes"`
	Used  int64 `json:"used"`
	// Free is what the disk of the file has left, in bytes; 0 where that is not known.
	Free uint64 `json:"free"`
	// Channels, Terms and Answers are how many there are, Rooms how many keys each
	// bucket of another room has.
	Channels int            `json:"channels"`
	Terms    int            `json:"terms"`
	Answers  int            `json:"answers"`
	Rooms    map[string]int `json:"rooms"`
}

// ReadStats returns the stats of a store that no process has open. Errors are
// those of [Open].
func ReadStats(path string) (stats Stats, err error) {
	err = inspect(path, func(tx *bbolt.Tx) error {
		stats, err = readStats(tx)
		return err
	})
	stats.Free, _ = freeBytes(path)
	return stats, err
}

// Stats returns what the store holds at this moment. It reads the whole file.
func (s *Store) Stats() (stats Stats, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		stats, err = readStats(tx)
		return err
	})
	if err != nil {
		return Stats{}, fmt.Errorf("stats of %s: %w", s.path, s.readable(err))
	}
	stats.Free, _ = freeBytes(s.path)
	return stats, nil
}

// inspect runs read on a store that no process has open.
func inspect(path string, read func(*bbolt.Tx) error) (err error) {
	db, err := openReadOnly(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			if version, err := readVersion(tx, len(migrations)); err != nil {
				return err
			} else if version == 0 {
				return fmt.Errorf("%w: nothing is in it", ErrFormat)
			}
			return read(tx)
		})
	})
	if err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	return nil
}

func readStats(tx *bbolt.Tx) (Stats, error) {
	version, err := readVersion(tx, len(migrations))
	if err != nil {
		return Stats{}, err
	}
	const metaPages = 2
	stats := Stats{Version: version, Bytes: tx.Size(), Used: int64(metaPages * tx.DB().Info().PageSize), Rooms: map[string]int{}}
	keys := map[string]int{}
	err = tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		pages := b.Stats()
		stats.Used += int64(pages.BranchAlloc + pages.LeafAlloc)
		keys[string(name)] = pages.KeyN
		return nil
	})
	if err != nil {
		return Stats{}, err
	}
	stats.Channels, stats.Terms, stats.Answers = keys[string(channelBucket)], keys[string(termsBucket)], keys[string(answerBucket)]
	rooms := tx.Bucket(roomsBucket)
	err = rooms.ForEachBucket(func(name []byte) error {
		stats.Rooms[string(name)] = rooms.Bucket(name).Stats().KeyN
		return nil
	})
	return stats, err
}
