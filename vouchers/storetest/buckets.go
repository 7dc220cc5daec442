package storetest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/chitpay/chit/vouchers"
)

func bucketIsAMap(t *testing.T, p *place) {
	check := func(bucket, key string, want []byte) {
		t.Helper()
		got, err := p.Bucket(bucket).Get([]byte(key))
		if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s/%s is %q (nil %t), %v, want %q", bucket, key, got, got == nil, err, want)
		}
	}
	ctx := t.Context()
	one, two := p.Bucket("one"), p.Bucket("two")
	check("one", "k", nil)
	if err := one.Delete(ctx, []byte("k")); err != nil {
		t.Errorf("delete what is not there: %v", err)
	}
	for _, err := range []error{
		one.Put(ctx, []byte("k"), []byte("v")), two.Put(ctx, []byte("k"), []byte("w")),
		one.Put(ctx, []byte("empty"), []byte{}), one.Put(ctx, []byte("nil"), nil),
		one.Put(ctx, []byte("gone"), []byte("x")), one.Submit([]byte("gone"), nil).Wait(ctx),
		two.Put(ctx, []byte("deleted"), []byte("x")), two.Delete(ctx, []byte("deleted")),
		one.Put(ctx, []byte("large"), make([]byte, 1<<20)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		check("one", "k", []byte("v"))
		check("two", "k", []byte("w"))
		check("one", "empty", []byte{})
		check("one", "nil", []byte{})
		check("one", "gone", nil)
		check("two", "deleted", nil)
		check("three", "k", nil)
		check("one", "large", make([]byte, 1<<20))
		p.reopen(t)
	}
}

func bucketIsWalked(t *testing.T, p *place) {
	room := p.Bucket("room")
	if got := keys(t, room, nil); len(got) != 0 {
		t.Errorf("a bucket that nobody wrote to has %q", got)
	}
	if key, _, err := room.Last(nil); key != nil || err != nil {
		t.Errorf("the last of a bucket that nobody wrote to: %q, %v", key, err)
	}
	for _, key := range []string{"b2", "a", "b", "c", "b1"} {
		if err := room.Put(t.Context(), []byte(key), []byte("value of "+key)); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string][]string{"": {"a", "b", "b1", "b2", "c"}, "b": {"b", "b1", "b2"}, "b1": {"b1"}, "d": nil} {
		if got := keys(t, room, []byte(prefix)); !slices.Equal(got, want) {
			t.Errorf("prefix %q: %q, want %q", prefix, got, want)
		}
	}
	for prefix, want := range map[string]string{"": "c", "b": "b2", "b1": "b1", "a": "a", "d": "", "\xff": ""} {
		key, value, err := room.Last([]byte(prefix))
		if err != nil || string(key) != want || (want != "" && string(value) != "value of "+want) {
			t.Errorf("the last of prefix %q: %q, %q, %v, want %q", prefix, key, value, err, want)
		}
	}
	enough := errors.New("enough")
	visits := 0
	err := room.ForEach(nil, func(_, _ []byte) error {
		visits++
		return enough
	})
	if !errors.Is(err, enough) || visits != 1 {
		t.Errorf("%d visits, then %v", visits, err)
	}
}

func keys(t *testing.T, room vouchers.Bucket, prefix []byte) (all []string) {
	t.Helper()
	err := room.ForEach(prefix, func(key, value []byte) error {
		if len(value) == 0 {
			t.Errorf("%q has no value", key)
		}
		all = append(all, string(key))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func bucketCopies(t *testing.T, p *place) {
	room := p.Bucket("room")
	key, value := []byte("key"), []byte("value")
	ticket := room.Submit(key, value)
	key[0], value[0] = 'x', 'x'
	if err := ticket.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := room.Get([]byte("key"))
	if err != nil || string(got) != "value" {
		t.Fatalf("got %q, %v", got, err)
	}
	got[0] = 'x'
	if again, err := room.Get([]byte("key")); err != nil || string(again) != "value" {
		t.Errorf("after a change of what was got: %q, %v", again, err)
	}
}
