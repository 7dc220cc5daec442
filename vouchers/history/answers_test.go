package history_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

func TestAnswersAreAMap(t *testing.T) {
	root := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		r := &answersRunner{t: t, dir: fmt.Sprintf("%s/%d", root, run), clock: 1_700_000_000}
		r.open()
		defer func() { must(t, r.answers.Close()) }()
		rt.Repeat(map[string]func(*rapid.T){
			"seal":   r.seal,
			"lookup": r.lookup,
			"expire": r.expire,
			"reopen": func(*rapid.T) { must(t, r.answers.Close()); r.open() },
		})
	})
}

// answersRunner does the same to tables of answers and to maps.
type answersRunner struct {
	t       *testing.T
	dir     string
	answers *history.Answers
	clock   int64
	next    uint64
	sealed  []sealedAnswers
}

type sealedAnswers struct {
	number uint64
	byKey  map[vouchers.AnswerKey]vouchers.Answer
}

func (r *answersRunner) open() {
	var err error
	r.answers, err = history.OpenAnswers(r.dir)
	must(r.t, err)
}

var answerKeys = rapid.Map(rapid.IntRange(0, 20), func(n int) vouchers.AnswerKey { return vouchers.AnswerKey(channelID(n)) })

func (r *answersRunner) seal(t *rapid.T) {
	var b history.AnswerBuilder
	s := sealedAnswers{number: r.next, byKey: map[vouchers.AnswerKey]vouchers.Answer{}}
	r.next++
	for range rapid.IntRange(0, 10).Draw(t, "answers") {
		a := vouchers.Answer{
			Key: answerKeys.Draw(t, "key"), Ceiling: vouchers.Amount(rapid.Uint64().Draw(t, "ceiling")),
			Expires: time.Unix(r.clock+int64(rapid.IntRange(0, 100).Draw(t, "for")), 0).UTC(),
			Omitted: rapid.Bool().Draw(t, "omitted"), Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
		}
		copy(a.Fingerprint[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "fingerprint"))
		b.Add(&a)
		s.byKey[a.Key] = a
	}
	must(r.t, b.Write(r.answers.Path(s.number)))
	must(r.t, r.answers.Add(s.number))
	r.sealed = append(r.sealed, s)
}

func (r *answersRunner) lookup(t *rapid.T) {
	key := answerKeys.Draw(t, "key")
	var want vouchers.Answer
	kept := false
	for _, s := range r.sealed {
		if a, there := s.byKey[key]; there {
			want, kept = a, true
		}
	}
	got, found, err := r.answers.Lookup(key)
	must(r.t, err)
	if found != kept || got.Key != want.Key || got.Fingerprint != want.Fingerprint || got.Ceiling != want.Ceiling ||
		!got.Expires.Equal(want.Expires) || got.Omitted != want.Omitted || !bytes.Equal(got.Body, want.Body) {
		t.Fatalf("found %v %+v, want %v %+v", found, got, kept, want)
	}
}

func (r *answersRunner) expire(t *rapid.T) {
	r.clock += int64(rapid.IntRange(0, 50).Draw(t, "passes"))
	now := time.Unix(r.clock, 0)
	var kept []sealedAnswers
	for _, s := range r.sealed {
		var newest time.Time
		for _, a := range s.byKey {
			if a.Expires.After(newest) {
				newest = a.Expires
			}
		}
		if !newest.Before(now) {
			kept = append(kept, s)
		}
	}
	dropped, err := r.answers.Expire(now)
	must(r.t, err)
	if want := len(r.sealed) - len(kept); dropped != want {
		t.Fatalf("%d tables were dropped, want %d", dropped, want)
	}
	r.sealed = kept
}
