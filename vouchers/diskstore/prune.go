package diskstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/history"
)

// Prune lets go of the history that is not to be kept, but never of what is not claimed. Before
// the first entries of a channel go, the last of them is kept as head writes it, so that the
// chain of those that stay is provable from it: see [Store.KeptHead]. Up to where histories are
// claimed that are no channel's is what others says, which is asked where something is due; nil
// says that there are none.
func (s *Store) Prune(ctx context.Context, keep history.Keep, dryRun bool, others func() (Claims, error), head func(*vouchers.Line) ([]byte, error)) (history.Pruned, error) {
	var unknown error
	claimed := sync.OnceValue(func() Claims { // only where something is due
		all, err := s.claimed()
		if others != nil {
			more, failed := others()
			maps.Copy(all, more)
			err = errors.Join(err, failed)
		}
		unknown = err
		return all
	})
	done, err := s.tables.Prune(ctx, history.Pruning{
		Now: s.options.now(), Keep: keep, DryRun: dryRun,
		Claimed: func(id vouchers.ChannelID) vouchers.Amount { return claimed()[id] },
		Heads:   func(ctx context.Context, last []*vouchers.Line) error { return s.keepHeads(ctx, last, head) },
	})
	if err = errors.Join(err, unknown); err != nil {
		return done, fmt.Errorf("prune the history of %s: %w", s.path, err)
	}
	return done, nil
}

// Claims are up to where histories are claimed, in atomic units of their Cumulative.
type Claims map[vouchers.ChannelID]vouchers.Amount

// claimed is up to where each channel was claimed.
func (s *Store) claimed() (Claims, error) {
	all := Claims{}
	return all, s.Load(context.Background(), func(r *vouchers.Record) error {
		if r.Claimed > 0 {
			all[r.ID] = r.Claimed
		}
		return nil
	})
}

func (s *Store) keepHeads(ctx context.Context, last []*vouchers.Line, head func(*vouchers.Line) ([]byte, error)) error {
	puts := make([]vouchers.Put, len(last))
	for i, l := range last {
		entry, err := head(l)
		if err != nil {
			return fmt.Errorf("entry %d of channel %s: %w", l.Number, l.Channel, err)
		}
		value := binary.BigEndian.AppendUint64(bytes.Clone(l.Digest[:]), l.Number)
		puts[i] = vouchers.Put{Bucket: inspect.HeadBucket, Key: bytes.Clone(l.Channel[:]), Value: append(value, entry...)}
	}
	return s.Submit(vouchers.Update{Puts: puts}).Wait(ctx)
}

// KeptHead is the last entry of a channel that is not in the history any more, as it was
// written by the head of [Store.Prune]; 0 and nil if all are there.
func (s *Store) KeptHead(id vouchers.ChannelID) (number uint64, entry []byte, err error) {
	_, number, entry, err = s.keptHead(id)
	return number, entry, err
}

func (s *Store) keptHead(id vouchers.ChannelID) (digest common.Hash, number uint64, entry []byte, err error) {
	value, err := s.Bucket(inspect.HeadBucket).Get(id[:])
	if err != nil || value == nil {
		return digest, 0, nil, err
	}
	const fixed = len(digest) + 8
	if len(value) < fixed {
		return digest, 0, nil, fmt.Errorf("%w: what is kept of the history of channel %s has %d bytes", ErrCorrupt, id, len(value))
	}
	return common.Hash(value[:32]), binary.BigEndian.Uint64(value[32:]), value[fixed:], nil
}
