package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers"
)

func closeKeepsAll(t *testing.T, p *place) {
	const writes = 500
	room := p.Bucket("room")
	for i := range writes {
		room.Submit(fmt.Appendf(nil, "%03d", i), []byte("value"))
	}
	p.reopen(t)
	if got := keys(t, p.Bucket("room"), nil); len(got) != writes {
		t.Errorf("%d of %d writes are kept", len(got), writes)
	}
}

func closedStoreRefuses(t *testing.T, p *place) {
	room := p.Bucket("room")
	if err := p.Err(); err != nil {
		t.Errorf("before: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("a second close: %v", err)
	}
	_, _, answer := p.Answer(vouchers.AnswerKey{1})
	_, get := room.Get([]byte("k"))
	for name, err := range map[string]error{
		"err":     p.Err(),
		"submit":  p.Submit(vouchers.Update{Record: record(1, terms(0), nil), Slot: &vouchers.Slot{}}).Wait(t.Context()),
		"load":    p.Load(t.Context(), func(*vouchers.Record) error { return nil }),
		"answer":  answer,
		"get":     get,
		"put":     room.Put(t.Context(), []byte("k"), []byte("v")),
		"delete":  room.Delete(t.Context(), []byte("k")),
		"forEach": room.ForEach(nil, func(_, _ []byte) error { return nil }),
	} {
		if !errors.Is(err, vouchers.ErrStoreClosed) {
			t.Errorf("%s: %v, want ErrStoreClosed", name, err)
		}
	}
}

func durableIsAPrefix(t *testing.T, p *place) {
	var tickets []vouchers.Ticket
	room := p.Bucket("room")
	for i := range 100 {
		tickets = append(tickets, room.Submit([]byte{byte(i + 1)}, []byte("value")))
	}
	for i := len(tickets) - 1; i >= 0; i -= 10 {
		if err := tickets[i].Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for j := range tickets[:i] {
			if err := tickets[j].Wait(ended(t)); err != nil {
				t.Fatalf("update %d is durable and update %d is not: %v", i, j, err)
			}
		}
	}
}

func contextDecidesNothing(t *testing.T, p *place) {
	late := errors.New("the caller has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(late)
	if err := p.Bucket("room").Put(ctx, []byte("k"), []byte("v")); err != nil && !errors.Is(err, late) {
		t.Errorf("put: %v", err)
	}
	p.reopen(t)
	if got, err := p.Bucket("room").Get([]byte("k")); string(got) != "v" || err != nil {
		t.Errorf("after it: %q, %v", got, err)
	}
}

func malformedIsRefused(t *testing.T, p *place) {
	good := vouchers.Put{Bucket: "room", Key: []byte("good"), Value: []byte("v")}
	r := record(1, terms(0), nil)
	for name, bad := range map[string]vouchers.Put{
		"a name with capitals": {Bucket: "Room", Key: []byte("k"), Value: []byte("v")},
		"no name":              {Key: []byte("k"), Value: []byte("v")},
		"a long name":          {Bucket: strings.Repeat("x", vouchers.MaxBucketName+1), Key: []byte("k"), Value: []byte("v")},
		"no key":               {Bucket: "room", Value: []byte("v")},
		"a long key":           {Bucket: "room", Key: make([]byte, vouchers.MaxKey+1), Value: []byte("v")},
		"a deletion of no key": {Bucket: "room"},
	} {
		err := p.Submit(vouchers.Update{Record: r, Slot: &vouchers.Slot{}, Puts: []vouchers.Put{good, bad}}).Wait(t.Context())
		if !errors.Is(err, vouchers.ErrUpdate) {
			t.Errorf("%s: %v, want ErrUpdate", name, err)
		}
	}
	noTerms, longProof := record(2, nil, nil), record(3, terms(0), signature(vouchers.MaxSignature+1))
	for _, bad := range []vouchers.Record{noTerms, longProof} {
		if err := p.Submit(vouchers.Update{Record: bad, Slot: &vouchers.Slot{}}).Wait(t.Context()); !errors.Is(err, vouchers.ErrUpdate) {
			t.Errorf("record %+v: %v, want ErrUpdate", bad, err)
		}
	}
	longest := bytes.Repeat([]byte("k"), vouchers.MaxKey)
	name := strings.Repeat("n", vouchers.MaxBucketName)
	if err := p.Bucket(name).Put(t.Context(), longest, []byte("v")); err != nil {
		t.Errorf("the longest key and name: %v", err)
	}
	p.reopen(t)
	if got, err := p.Bucket("room").Get(good.Key); got != nil || err != nil {
		t.Errorf("the good half of a refused update is there: %q, %v", got, err)
	}
	if n := len(p.records(t)); n != 0 {
		t.Errorf("%d records of refused updates are there", n)
	}
}
