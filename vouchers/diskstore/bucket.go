package diskstore

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/state"
)

type bucket struct {
	store *Store
	name  string
}

// Bucket implements vouchers.Store.
func (s *Store) Bucket(name string) vouchers.Bucket { return bucket{s, name} }

func (b bucket) Get(key []byte) (value []byte, err error) {
	err = b.view(func(v *view) error {
		for _, in := range v.rooms {
			if newer, known := in.Get(string(key)); known {
				if newer != nil {
					value = append([]byte{}, newer...)
				}
				return nil
			}
		}
		value, err = v.state.Get(b.name, key)
		return err
	})
	return value, err
}

func (b bucket) Put(ctx context.Context, key, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	return b.Submit(key, value).Wait(ctx)
}

func (b bucket) Delete(ctx context.Context, key []byte) error {
	return b.Submit(key, nil).Wait(ctx)
}

func (b bucket) Submit(key, value []byte) vouchers.Ticket {
	return b.store.Submit(vouchers.Update{Puts: []vouchers.Put{{Bucket: b.name, Key: bytes.Clone(key), Value: bytes.Clone(value)}}})
}

func (b bucket) ForEach(prefix []byte, visit func(key, value []byte) error) error {
	return b.view(func(v *view) error {
		return boltfile.Guard(func() error {
			m := v.merge(b.name)
			for ok, err := m.seek(prefix); ; ok, err = m.next() {
				if err != nil || !ok || !bytes.HasPrefix(m.key, prefix) {
					return err
				}
				if m.value == nil {
					continue
				}
				if err := boltfile.Outside(func() error { return visit(m.key, m.value) }); err != nil {
					return err
				}
			}
		})
	})
}

func (b bucket) Last(prefix []byte) (key, value []byte, err error) {
	err = b.view(func(v *view) error {
		return boltfile.Guard(func() error {
			key, value, err = v.last(b.name, prefix)
			return err
		})
	})
	if err != nil || key == nil {
		return nil, nil, err
	}
	return bytes.Clone(key), append([]byte{}, value...), nil
}

// view runs read on the bucket as it is now.
func (b bucket) view(read func(*view) error) error {
	v, err := b.store.look(b.name)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", b.name, err)
	}
	defer v.end()
	return read(v)
}

// view is a store at one moment: what the checkpoint has, and what of a bucket is newer.
type view struct {
	state *state.View
	rooms []*room // the newest first; copies that nobody changes
}

// look returns the view of a bucket.
func (s *Store) look(name string) (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.state.View()
	if err != nil {
		return nil, err
	}
	v := &view{state: at}
	for _, o := range []*overlay{s.active, s.frozen} {
		if o != nil && o.rooms[name] != nil {
			v.rooms = append(v.rooms, o.rooms[name].Copy())
		}
	}
	return v, nil
}

func (v *view) end() { v.state.End() }

// merged walks the keys of a bucket. A nil value is one that was deleted.
type merged struct {
	layers     []layer // the newest first
	key, value []byte
}

// layer is one sorted place of a bucket's keys; a nil key is its end.
type layer struct {
	key, value []byte
	seek       func(key []byte) (_, value []byte, err error)
	next       func() (_, value []byte, err error)
}

func (v *view) merge(bucket string) *merged {
	m := new(merged)
	for _, in := range v.rooms {
		iter := in.Iter()
		at := func(ok bool) ([]byte, []byte, error) {
			if !ok {
				return nil, nil, nil
			}
			return []byte(iter.Key()), iter.Value(), nil
		}
		m.layers = append(m.layers, layer{
			seek: func(key []byte) ([]byte, []byte, error) { return at(iter.Seek(string(key))) },
			next: func() ([]byte, []byte, error) { return at(iter.Next()) },
		})
	}
	c := v.state.Cursor(bucket)
	m.layers = append(m.layers, layer{seek: c.Seek, next: c.Next})
	return m
}

func (m *merged) seek(key []byte) (ok bool, err error) {
	for i := range m.layers {
		l := &m.layers[i]
		if l.key, l.value, err = l.seek(key); err != nil {
			return false, err
		}
	}
	return m.settle(), nil
}

func (m *merged) next() (ok bool, err error) {
	passed := m.key
	for i := range m.layers {
		l := &m.layers[i]
		if l.key == nil || !bytes.Equal(l.key, passed) {
			continue
		}
		if l.key, l.value, err = l.next(); err != nil {
			return false, err
		}
	}
	return m.settle(), nil
}

// settle takes the lowest key, from the newest layer that has it.
func (m *merged) settle() bool {
	m.key, m.value = nil, nil
	for i := range m.layers {
		if l := &m.layers[i]; l.key != nil && (m.key == nil || bytes.Compare(l.key, m.key) < 0) {
			m.key, m.value = l.key, l.value
		}
	}
	return m.key != nil
}

// last is the last key with a prefix that was not deleted.
func (v *view) last(bucket string, prefix []byte) (key, value []byte, err error) {
	c := v.state.Cursor(bucket)
	key, value, err = c.Last(prefix)
	for err == nil && key != nil && v.isNewer(key) {
		if key, value, err = c.Prev(); !bytes.HasPrefix(key, prefix) {
			key = nil
		}
	}
	if err != nil {
		return nil, nil, err
	}
	for i, in := range v.rooms {
		found, newest := lastIn(in, prefix, func(key string) bool { return hides(v.rooms[:i], key) })
		if newest != nil && (key == nil || found > string(key)) {
			key, value = []byte(found), newest
		}
	}
	return key, value, nil
}

func (v *view) isNewer(key []byte) bool { return hides(v.rooms, string(key)) }

// hides says whether one of these has the key.
func hides(rooms []*room, key string) bool {
	for _, in := range rooms {
		if _, known := in.Get(key); known {
			return true
		}
	}
	return false
}

// lastIn is the last key with a prefix that was neither deleted nor is hidden.
func lastIn(in *room, prefix []byte, hidden func(string) bool) (key string, value []byte) {
	visit := func(k string, v []byte) bool {
		if !strings.HasPrefix(k, string(prefix)) {
			return k > string(prefix)
		}
		if v == nil || hidden(k) {
			return true
		}
		key, value = k, v
		return false
	}
	if after := state.After(prefix); after != nil {
		in.Descend(string(after), visit)
	} else {
		in.Reverse(visit)
	}
	return key, value
}
