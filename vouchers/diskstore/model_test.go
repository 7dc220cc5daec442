package diskstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// machine is a store beside a model of it: plain maps.
type machine struct {
	t    *rapid.T
	dir  string
	n    int // of folders
	s    *diskstore.Store
	now  time.Time
	last vouchers.Ticket // what was submitted last

	slots   map[vouchers.ChannelID]*vouchers.Slot
	records map[vouchers.ChannelID]vouchers.Record
	entries map[vouchers.ChannelID][]*vouchers.Entry
	answers map[vouchers.AnswerKey]vouchers.Answer
	rooms   map[string]map[string]string
}

func TestAStoreIsWhatWasSubmitted(t *testing.T) {
	parent := memory(t)
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(parent, "")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &machine{
			t: rt, dir: dir, now: time.Unix(1_800_000_000, 0),
			slots: map[vouchers.ChannelID]*vouchers.Slot{}, records: map[vouchers.ChannelID]vouchers.Record{},
			entries: map[vouchers.ChannelID][]*vouchers.Entry{}, answers: map[vouchers.AnswerKey]vouchers.Answer{},
			rooms: map[string]map[string]string{"one": {}, "two": {}},
		}
		m.open()
		defer func() { _ = m.s.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"submit":  m.submit,
			"submit+": m.submit,
			"settle":  func(*rapid.T) { m.wait(); m.s.Settle() },
			"reopen":  func(*rapid.T) { m.close(); m.open() },
			"crash":   m.crash,
			"later": func(t *rapid.T) {
				m.wait()
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "seconds")) * time.Second)
			},
		})
		m.close()
		if report, err := inspect.Check(context.Background(), m.path(), nil); err != nil || len(report.Problems) > 0 {
			rt.Fatalf("check: %v, %q", err, report.Problems)
		}
	})
}

// memory is a folder in memory where the system has one: what is held against the model is not
// the disk.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "chit")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (m *machine) path() string { return filepath.Join(m.dir, fmt.Sprint(m.n)) }

func (m *machine) open() {
	now := m.now
	s, err := diskstore.Open(m.path(), diskstore.WithSegments(700, 1500), diskstore.WithClock(func() time.Time { return now }))
	if err != nil {
		m.t.Fatal(err)
	}
	s.Attest(attest)
	m.s, m.slots = s, map[vouchers.ChannelID]*vouchers.Slot{}
}

func attest(_ context.Context, leaves []common.Hash) ([]byte, error) { return leaves[0][:], nil }

func (m *machine) close() {
	if err := m.s.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.last = nil
}

func (m *machine) wait() {
	if m.last == nil {
		return
	}
	if err := m.last.Wait(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	m.last = nil
}

// crash goes on with a copy of the folder as it is at this moment.
func (m *machine) crash(*rapid.T) {
	m.wait()
	old := m.s
	from := m.path()
	m.n++
	old.Hold(func() {
		if err := os.CopyFS(m.path(), os.DirFS(from)); err != nil {
			m.t.Fatal(err)
		}
	})
	if err := old.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.open()
}

var (
	modelTerms  = []*vouchers.Terms{{WithdrawDelay: 1}, {WithdrawDelay: 2, Receiver: common.Address{1}}}
	modelKeys   = []string{"a", "aa", "ab", "b", "\xff", "\xff\xff"}
	modelPrefix = [][]byte{nil, []byte("a"), []byte("aa"), []byte("c"), []byte("\xff"), []byte("\xff\xff")}
)

func (m *machine) submit(t *rapid.T) {
	var u vouchers.Update
	id := vouchers.ChannelID{byte(rapid.IntRange(1, 4).Draw(t, "channel")), 31: 1}
	if rapid.Bool().Draw(t, "record") {
		m.charge(t, &u, id)
	}
	if rapid.Bool().Draw(t, "entry") {
		u.Entry = m.entry(t, id)
	}
	if rapid.IntRange(0, 3).Draw(t, "answer") == 0 {
		a := vouchers.Answer{
			Key: vouchers.AnswerKey{byte(rapid.IntRange(1, 4).Draw(t, "key"))}, Ceiling: 7,
			Expires: m.now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(t, "expires")) * time.Second).UTC(),
			Body:    fmt.Appendf(nil, "answer %d", rapid.Int().Draw(t, "body")),
		}
		if before := m.answers[a.Key].Expires; a.Expires.Before(before) {
			a.Expires = before // it is kept for no shorter than the one that it replaces
		}
		u.Answer, m.answers[a.Key] = &a, a
	}
	for range rapid.IntRange(0, 3).Draw(t, "puts") {
		m.put(t, &u)
	}
	m.last = m.s.Submit(u)
	if rapid.Bool().Draw(t, "wait") {
		m.wait()
	}
}

func (m *machine) charge(t *rapid.T, u *vouchers.Update, id vouchers.ChannelID) {
	r, known := m.records[id]
	if !known {
		r = vouchers.Record{ID: id, Terms: modelTerms[id[0]%2], Payer: common.Address{id[0]}, PayerAuthorizer: common.Address{9, id[0]}, Salt: common.Hash{id[0]}, Balance: 1 << 40}
	}
	r.Ceiling += vouchers.Amount(rapid.IntRange(0, 1000).Draw(t, "charge"))
	r.Charged, r.Updated = r.Ceiling, uint32(m.now.Unix())
	r.Proof = vouchers.NewProof(bytes.Repeat([]byte{byte(r.Ceiling)}, rapid.SampledFrom([]int{0, 64, 65, 80}).Draw(t, "proof")))
	m.records[id] = r
	if m.slots[id] == nil {
		m.slots[id] = new(vouchers.Slot)
	}
	u.Record, u.Slot = r, m.slots[id]
}

func (m *machine) entry(t *rapid.T, id vouchers.ChannelID) *vouchers.Entry {
	e := &vouchers.Entry{Channel: id, Number: 1, Time: uint32(m.now.Unix()), Value: fmt.Append(nil, rapid.Int().Draw(t, "value"))}
	if all := m.entries[id]; len(all) > 0 {
		before := all[len(all)-1]
		e.Number, e.Previous, e.Cumulative = before.Number+1, before.Digest, before.Cumulative+1
		if rapid.IntRange(0, 20).Draw(t, "epoch") == 0 {
			e.Number = (before.Number>>40+1)<<40 | 1
		}
	}
	e.Digest = common.Hash(crypto.Keccak256(id[:], binary.BigEndian.AppendUint64(nil, e.Number)))
	m.entries[id] = append(m.entries[id], e)
	return e
}

func (m *machine) put(t *rapid.T, u *vouchers.Update) {
	p := vouchers.Put{Bucket: rapid.SampledFrom([]string{"one", "two"}).Draw(t, "bucket"), Key: []byte(rapid.SampledFrom(modelKeys).Draw(t, "key"))}
	if rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
		delete(m.rooms[p.Bucket], string(p.Key))
	} else {
		p.Value = append([]byte{}, rapid.SampledFrom([]string{"", "v", "value"}).Draw(t, "value")...)
		m.rooms[p.Bucket][string(p.Key)] = string(p.Value)
	}
	u.Puts = append(u.Puts, p)
}

func (m *machine) check(*rapid.T) {
	m.wait()
	m.checkRecords()
	m.checkAnswers()
	for name, want := range m.rooms {
		m.checkRoom(m.s.Bucket(name), want)
	}
	m.checkHistory()
}

func (m *machine) checkRecords() {
	found := 0
	err := m.s.Load(context.Background(), func(r *vouchers.Record) error {
		found++
		want := m.records[r.ID]
		if r.Charged != want.Charged || *r.Terms != *want.Terms || r.Payer != want.Payer || r.PayerAuthorizer != want.PayerAuthorizer || r.Salt != want.Salt || !bytes.Equal(r.Proof.Bytes(), want.Proof.Bytes()) {
			m.t.Fatalf("channel %s is %+v, want %+v", r.ID, r, want)
		}
		return nil
	})
	if err != nil || found != len(m.records) {
		m.t.Fatalf("%d channels, want %d, %v", found, len(m.records), err)
	}
}

func (m *machine) checkAnswers() {
	for n := range byte(5) {
		key := vouchers.AnswerKey{n}
		a, found, err := m.s.Answer(key)
		want, kept := m.answers[key]
		if !kept && found || err != nil {
			m.t.Fatalf("answer %d: %+v, %v", n, a, err)
		}
		if found && (string(a.Body) != string(want.Body) || !a.Expires.Equal(want.Expires) || a.Ceiling != want.Ceiling) {
			m.t.Fatalf("answer %d: %+v, want %+v", n, a, want)
		}
		if kept && !found && m.now.Before(want.Expires) {
			m.t.Fatalf("answer %d is gone, %v before its time", n, want.Expires.Sub(m.now))
		}
	}
}

func (m *machine) checkRoom(b vouchers.Bucket, want map[string]string) {
	for _, key := range modelKeys {
		value, err := b.Get([]byte(key))
		if v, kept := want[key]; err != nil || (value != nil) != kept || string(value) != v {
			m.t.Fatalf("%q is %q, want %q, %t: %v", key, value, v, kept, err)
		}
	}
	sorted := slices.Sorted(maps.Keys(want))
	for _, prefix := range modelPrefix {
		var keys []string
		err := b.ForEach(prefix, func(key, value []byte) error {
			keys = append(keys, string(key))
			if want[string(key)] != string(value) {
				return fmt.Errorf("%q is %q", key, value)
			}
			return nil
		})
		within := slices.DeleteFunc(slices.Clone(sorted), func(key string) bool { return !strings.HasPrefix(key, string(prefix)) })
		if err != nil || !slices.Equal(keys, within) {
			m.t.Fatalf("with %q: %q, want %q, %v", prefix, keys, within, err)
		}
		last, value, err := b.Last(prefix)
		if err != nil || len(within) == 0 && last != nil || len(within) > 0 && (string(last) != within[len(within)-1] || string(value) != want[string(last)]) {
			m.t.Fatalf("the last with %q is %q, %q, want the last of %q, %v", prefix, last, value, within, err)
		}
	}
}

func (m *machine) checkHistory() {
	every := map[vouchers.ChannelID][]vouchers.Entry{}
	read := func(to map[vouchers.ChannelID][]vouchers.Entry) func(*vouchers.Line) error {
		return func(l *vouchers.Line) error {
			batch, err := l.Attested()
			if err != nil {
				return err
			}
			if batch == nil || l.Leaf >= len(batch.Leaves) || batch.Leaves[l.Leaf] != l.Digest || !bytes.Equal(batch.Attestation, batch.Leaves[0][:]) {
				return fmt.Errorf("entry %d is not leaf %d of %+v", l.Number, l.Leaf, batch)
			}
			e := l.Entry
			e.Value = bytes.Clone(l.Value)
			to[l.Channel] = append(to[l.Channel], e)
			return nil
		}
	}
	if err := m.s.History().Each(context.Background(), time.Time{}, time.Time{}, read(every)); err != nil {
		m.t.Fatalf("each: %v", err)
	}
	for id, want := range m.entries {
		m.sameEntries("each", every[id], want)
		walked := map[vouchers.ChannelID][]vouchers.Entry{}
		from := len(want) / 2
		if err := m.s.History().Walk(context.Background(), id, want[from].Number-1, read(walked)); err != nil {
			m.t.Fatalf("walk: %v", err)
		}
		m.sameEntries("walk", walked[id], want[from:])
		end := want[len(want)-1]
		if head, err := m.s.History().Head(id); err != nil || head != (vouchers.Head{Number: end.Number, Digest: end.Digest, Cumulative: end.Cumulative}) {
			m.t.Fatalf("the head is %+v, %v, want %+v", head, err, end)
		}
	}
}

func (m *machine) sameEntries(how string, got []vouchers.Entry, want []*vouchers.Entry) {
	if len(got) != len(want) {
		m.t.Fatalf("%s: %d entries, want %d", how, len(got), len(want))
	}
	for i, e := range got {
		if w := want[i]; e.Number != w.Number || e.Digest != w.Digest || e.Previous != w.Previous || e.Cumulative != w.Cumulative || e.Time != w.Time || !bytes.Equal(e.Value, w.Value) {
			m.t.Fatalf("%s: %+v, want %+v", how, e, w)
		}
	}
}
