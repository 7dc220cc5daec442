package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
)

func recordComesBack(t *testing.T, p *place) {
	var slots [8]vouchers.Slot
	want := map[vouchers.ChannelID]vouchers.Record{}
	for i, length := range []int{0, 1, 64, 65, 66, vouchers.MaxSignature} {
		r := record(byte(i+1), terms(byte(i%2)), signature(length))
		want[r.ID] = r
		p.submit(t, vouchers.Update{Record: r, Slot: &slots[i]})
	}
	for range 2 {
		got := p.records(t)
		if len(got) != len(want) {
			t.Errorf("%d channels, want %d", len(got), len(want))
		}
		for id, r := range want {
			if found := got[id]; !sameRecord(found, r) {
				t.Errorf("channel %s is %+v, want %+v", id, found, r)
			}
		}
		p.reopen(t)
	}
}

func sameRecord(a, b vouchers.Record) bool {
	if a.Terms == nil || *a.Terms != *b.Terms || !bytes.Equal(a.Proof.Signature(), b.Proof.Signature()) {
		return false
	}
	a.Terms, b.Terms, a.Proof, b.Proof = nil, nil, vouchers.Proof{}, vouchers.Proof{}
	return reflect.DeepEqual(a, b)
}

func lastUpdateIsKept(t *testing.T, p *place) {
	const updates = 1000
	var slot vouchers.Slot
	r := record(1, terms(0), signature(65))
	var last vouchers.Ticket
	for i := range vouchers.Amount(updates) {
		r.Charged = i
		last = p.Submit(vouchers.Update{Record: r, Slot: &slot})
	}
	if err := last.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.reopen(t)
	if got := p.records(t)[r.ID].Charged; got != updates-1 {
		t.Errorf("charged %d, want %d", got, updates-1)
	}
}

func termsAreShared(t *testing.T, p *place) {
	for i := range byte(10) {
		p.submit(t, vouchers.Update{Record: record(i, terms(i%2), nil), Slot: &vouchers.Slot{}})
	}
	p.reopen(t)
	shared := map[vouchers.Terms]*vouchers.Terms{}
	for _, r := range p.records(t) {
		if known := shared[*r.Terms]; known != nil && known != r.Terms {
			t.Fatal("equal terms are loaded twice")
		}
		shared[*r.Terms] = r.Terms
	}
	if len(shared) != 2 {
		t.Errorf("%d terms, want 2", len(shared))
	}
}

func visitorEndsLoad(t *testing.T, p *place) {
	for i := range byte(3) {
		p.submit(t, vouchers.Update{Record: record(i, terms(0), nil), Slot: &vouchers.Slot{}})
	}
	enough := errors.New("enough")
	visits := 0
	err := p.Load(t.Context(), func(*vouchers.Record) error {
		visits++
		return enough
	})
	if !errors.Is(err, enough) || visits != 1 {
		t.Errorf("%d visits, then %v", visits, err)
	}
}

func contextEndsLoad(t *testing.T, p *place) {
	var last vouchers.Ticket
	const channels = 5000
	for i := range channels {
		r := record(1, terms(0), nil)
		r.ID[1], r.ID[2] = byte(i), byte(i>>8)
		last = p.Submit(vouchers.Update{Record: r, Slot: &vouchers.Slot{}})
	}
	if err := last.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := ended(t)
	visits := 0
	err := p.Load(ctx, func(*vouchers.Record) error {
		visits++
		return nil
	})
	if !errors.Is(err, ctx.Err()) || visits == channels {
		t.Errorf("%d visits, then %v", visits, err)
	}
}

func answerComesBack(t *testing.T, p *place) {
	expires := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	first := vouchers.Answer{Key: vouchers.AnswerKey{1}, Fingerprint: [32]byte{2}, Ceiling: 3, Expires: expires, Body: []byte("first")}
	second := first
	second.Body, second.Expires = []byte{}, expires.Add(time.Hour)
	omitted := vouchers.Answer{Key: vouchers.AnswerKey{4}, Expires: expires, Omitted: true}
	if _, found, err := p.Answer(first.Key); found || err != nil {
		t.Errorf("before it is kept: %t, %v", found, err)
	}
	for _, want := range []vouchers.Answer{first, omitted, second} {
		p.submit(t, vouchers.Update{Answer: &want})
		for range 2 {
			got, found, err := p.Answer(want.Key)
			if err != nil || !found || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %t, %v, want %+v", got, found, err, want)
			}
			p.reopen(t)
		}
	}
}

func updateIsKeptTogether(t *testing.T, p *place) {
	r := record(1, terms(0), signature(65))
	a := vouchers.Answer{Key: vouchers.AnswerKey{1}, Expires: time.Now().Add(time.Hour), Body: []byte("answer")}
	p.submit(t, vouchers.Update{Record: r, Slot: &vouchers.Slot{}, Answer: &a, Puts: []vouchers.Put{
		{Bucket: "one", Key: []byte("k"), Value: []byte("v")},
		{Bucket: "one", Key: []byte("k"), Value: []byte("w")},
		{Bucket: "two", Key: []byte("k"), Value: []byte("x")},
		{Bucket: "two", Key: []byte("k")},
	}})
	p.reopen(t)
	if !sameRecord(p.records(t)[r.ID], r) {
		t.Error("the record is not there")
	}
	if _, found, err := p.Answer(a.Key); !found || err != nil {
		t.Errorf("the answer: %t, %v", found, err)
	}
	for bucket, want := range map[string][]byte{"one": []byte("w"), "two": nil} {
		if got, err := p.Bucket(bucket).Get([]byte("k")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("bucket %s: %q, %v, want %q", bucket, got, err, want)
		}
	}
}

func crowdWrites(t *testing.T, p *place) {
	const callers, each = 200, 25
	var crowd sync.WaitGroup
	for c := range callers {
		crowd.Go(func() {
			var slot vouchers.Slot
			r := record(byte(c), terms(byte(c%3)), signature(65))
			r.ID[1] = byte(c >> 8)
			room := p.Bucket(fmt.Sprintf("room-%d", c%5))
			for i := range vouchers.Amount(each) {
				r.Charged = i + 1
				ticket := p.Submit(vouchers.Update{Record: r, Slot: &slot})
				if err := room.Put(t.Context(), r.ID[:], []byte(r.Charged.Atomic())); err != nil {
					t.Error(err)
				}
				if err := ticket.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	crowd.Wait()
	p.reopen(t)
	all := p.records(t)
	if len(all) != callers {
		t.Errorf("%d channels, want %d", len(all), callers)
	}
	for c := range callers {
		id := vouchers.ChannelID{byte(c), byte(c >> 8), 31: 1}
		value, err := p.Bucket(fmt.Sprintf("room-%d", c%5)).Get(id[:])
		if all[id].Charged != each || string(value) != fmt.Sprint(each) || err != nil {
			t.Errorf("caller %d: charged %d, room has %q, %v, want %d", c, all[id].Charged, value, err, each)
		}
	}
}
