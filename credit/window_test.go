package credit_test

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestARateHoldsAcrossTheEdgeOfEveryPeriod(t *testing.T) {
	for name, again := range map[string]func(*shop){"in one process": func(*shop) {}, "over a restart": (*shop).restart} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			_, token := s.grant(macaroon.Scope{Budget: 1000, Rate: macaroon.Rate{Amount: 100, Period: time.Hour}})
			s.buy(token, 1)
			s.clock.pass(59 * time.Minute)
			s.buy(token, 99)
			s.clock.pass(time.Minute)
			again(s)
			s.buy(token, 1) // the first is an hour ago
			if r := s.refused(token, "search", 1, credit.CodeRateLimited); r.RetryAfter != 59*time.Minute {
				t.Errorf("try again in %s", r.RetryAfter)
			}
			s.clock.pass(59*time.Minute - time.Nanosecond)
			again(s)
			s.refused(token, "search", 1, credit.CodeRateLimited)
			s.clock.pass(time.Nanosecond)
			s.buy(token, 99)
		})
	}
}

func TestASteadyStreamIsTakenAtAboutItsRate(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 100_000, Rate: macaroon.Rate{Amount: 600, Period: time.Minute}})
	took := 0
	for range 600 {
		if spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: "search", Price: 15}); err == nil {
			commit(t, spend, 15)
			took += 15
		}
		s.clock.pass(time.Second)
	}
	if least := 6000 * 16 / 17; took < least || took > 6000 {
		t.Errorf("%d were taken in ten periods, want %d to 6000", took, least)
	}
	if n := s.counterRows(); n > 1+17 {
		t.Errorf("%d records of two counters and one caller", n)
	}
}

func (s *shop) counterRows() (n int) {
	s.t.Helper()
	if err := s.store.Bucket("credit-counters").ForEach(nil, func(_, _ []byte) error { n++; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// TestARecordOfAFixedWindowCountsUntilItsPeriodIsSurelyOver puts a record of a rate in
// place of today's as it was written before windows slid: when its period began, not
// when in it the calls were.
func TestARecordOfAFixedWindowCountsUntilItsPeriodIsSurelyOver(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Rate: macaroon.Rate{Amount: 100, Period: time.Hour}})
	s.buy(token, 1)
	counters := s.store.Bucket("credit-counters")
	var rate []byte
	if err := counters.ForEach(nil, func(key, _ []byte) error {
		if len(key) == 16+16+2+1 {
			rate = append(rate, key...)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := counters.Delete(t.Context(), rate); err != nil {
		t.Fatal(err)
	}
	for lane, charged := range []uint64{60, 30} {
		key := binary.BigEndian.AppendUint16(append([]byte(nil), rate[:32]...), uint16(lane))
		value := binary.BigEndian.AppendUint64(nil, charged)
		value = binary.BigEndian.AppendUint32(value, uint32(start.Unix()))
		value = binary.BigEndian.AppendUint32(value, uint32(start.Add(24*time.Hour).Unix()))
		if err := counters.Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.pass(50 * time.Minute)
	s.restart()
	s.left(token, 999, 10)
	s.clock.pass(59 * time.Minute)
	s.refused(token, "search", 11, credit.CodeRateLimited)
	s.buy(token, 10) // from here on there is a record of today's beside the old ones
	s.restart()
	if r := s.refused(token, "search", 11, credit.CodeRateLimited); r.RetryAfter != 11*time.Minute {
		t.Errorf("try again in %s", r.RetryAfter)
	}
	s.clock.pass(11 * time.Minute)
	s.restart()
	s.buy(token, 90)
	s.left(token, 899, 0)
	s.clock.pass(time.Hour)
	s.restart()
	s.left(token, 899, 100)
}

func TestManyCallsAtOnceLeaveEveryOneOfThemOnDisk(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 10_000, Rate: macaroon.Rate{Amount: 1000, Period: time.Minute}})
	var flights []*credit.Spend
	for range 10 { // in ten parts of the period
		flights = append(flights, s.spend(token, "search", 20), s.spend(token, "search", 30))
		s.clock.pass(4 * time.Second)
	}
	var all sync.WaitGroup
	one := func(i int, answer func(ledger.Charge) (ledger.Kept, error)) {
		if _, err := flights[i].Commit(context.Background(), 10, answer); err != nil {
			t.Error(err)
		}
	}
	one(0, func(ledger.Charge) (ledger.Kept, error) { // the others are on their way meanwhile
		for i := range flights[1:] {
			all.Go(func() { one(i+1, nil) })
		}
		return ledger.Kept{}, nil
	})
	all.Wait()
	s.left(token, 9800, 800)
	s.restart()
	s.left(token, 9800, 800)
	s.buy(token, 50)
	s.clock.pass(20 * time.Second) // the first calls were a minute ago
	s.restart()
	s.left(token, 9750, 770)
}

func TestAnEarlierCallThatEndsLaterIsKeptApart(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000, Rate: macaroon.Rate{Amount: 100, Period: time.Minute}})
	early := s.spend(token, "search", 10)
	s.clock.pass(30 * time.Second)
	s.buy(token, 20)
	commit(t, early, 10)
	s.clock.pass(30 * time.Second)
	s.left(token, 970, 80)
	s.restart()
	s.left(token, 970, 80)
}
