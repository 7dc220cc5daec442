package credit_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

var benchScope = macaroon.Scope{
	Tools: []string{"search*", "fetch"}, Budget: 90_000, PerCall: 50_000, Calls: 1 << 40,
	Rate: macaroon.Rate{Amount: 1 << 40, Period: time.Hour}, Expires: start.Add(24 * time.Hour),
}

func tokens(s *shop, n int) []string {
	texts := make([]string, n)
	var group sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range n {
		slots <- struct{}{}
		scope := benchScope
		scope.Budget = balance / 2 / vouchers.Amount(n)
		r := s.request(scope)
		r.Nonce = [32]byte{byte(i >> 16), byte(i >> 8), byte(i), 1}
		purse := s.pay(scope.Budget)
		group.Go(func() {
			defer func() { <-slots }()
			_, token, err := s.Grant(context.Background(), r, purse)
			if err != nil {
				s.t.Error(err)
				return
			}
			texts[i] = token.Text()
		})
		if i%32 == 31 { // the next voucher is signed over what is set aside
			group.Wait()
		}
	}
	group.Wait()
	return texts
}

// figure reports a benchmark's figure under the name that it has in the documents.
func figure(b *testing.B, name string, value float64, unit string) {
	b.Helper()
	b.ReportMetric(value, name+":"+unit)
}

func microseconds(b *testing.B) float64 {
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N) / 1e3
}

// BenchmarkSpend checks a token with six caveats, reserves in its three counters
// and in its channel, and gives it back: all of a paid call but the disk.
func BenchmarkSpend(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run("tokens="+strconv.Itoa(n), func(b *testing.B) {
			s := newShop(b)
			texts := tokens(s, n)
			for _, text := range texts { // from here on they are known
				check(b, s, text)
			}
			for _, callers := range []int{1, 32, 1024} {
				b.Run("callers="+strconv.Itoa(callers), func(b *testing.B) {
					b.ReportAllocs()
					crowd(b, callers, func(i int) { check(b, s, texts[i%n]) })
					figure(b, fmt.Sprintf("credit.spend.%dtokens.%d", n, callers), microseconds(b), "us")
				})
			}
		})
	}
}

// crowd calls do for every number below b.N, from so many goroutines.
func crowd(b *testing.B, callers int, do func(i int)) {
	var group sync.WaitGroup
	b.ResetTimer()
	for c := range callers {
		group.Go(func() {
			for i := c; i < b.N; i += callers {
				do(i)
			}
		})
	}
	group.Wait()
}

// check spends from a token and gives it back.
func check(b *testing.B, s *shop, text string) {
	spend, err := s.Spend(context.Background(), text, credit.Call{Tool: "search_web", Price: 10})
	if err != nil {
		b.Error(err)
		return
	}
	spend.Release()
}

// BenchmarkFirstSpend is the first call under a token that was never seen.
func BenchmarkFirstSpend(b *testing.B) {
	s := newShop(b)
	_, token := s.grant(benchScope)
	texts := make([]string, b.N)
	for i := range texts {
		texts[i] = s.narrow(token, macaroon.Scope{PerCall: vouchers.Amount(50_000 - i%40_000), Expires: start.Add(time.Duration(i/40_000+1) * time.Second)}).Text()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, text := range texts {
		check(b, s, text)
	}
	figure(b, "credit.spend.first", microseconds(b), "us")
}

// BenchmarkDraw is what the ledger alone takes of BenchmarkSpend.
func BenchmarkDraw(b *testing.B) {
	s := newShop(b)
	s.grant(benchScope)
	b.ReportAllocs()
	for b.Loop() {
		r, err := s.ledger.Draw(context.Background(), s.channel, 10)
		if err != nil {
			b.Fatal(err)
		}
		r.Release()
	}
}

// BenchmarkCommit is a paid call to a charge on disk, by 1,024 callers.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run("tokens="+strconv.Itoa(n), func(b *testing.B) {
			s := newShop(b)
			texts := tokens(s, n)
			b.ReportAllocs()
			crowd(b, 1024, func(i int) {
				spend, err := s.Spend(context.Background(), texts[i%n], credit.Call{Tool: "search_web", Price: 1})
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := spend.Commit(context.Background(), 1, nil); err != nil {
					b.Error(err)
				}
			})
			figure(b, fmt.Sprintf("credit.commit.%dtokens", n), microseconds(b), "us")
		})
	}
}

// BenchmarkMemory is what a live token takes that was spent from, with three
// counters, beside its text.
func BenchmarkMemory(b *testing.B) {
	const n = 10_000
	s := newShop(b)
	texts := tokens(s, n)
	s.restart() // what a grant took on the way is gone
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, text := range texts {
		check(b, s, text)
	}
	after := heap()
	s.Book = nil
	before := heap()
	for b.Loop() {
	}
	runtime.KeepAlive(texts)
	figure(b, "credit.memory", float64(after-before)/n, "B/token")
}
