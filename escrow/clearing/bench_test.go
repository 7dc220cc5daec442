package clearing_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/escrow/transfer"
)

// BenchmarkSettled is how many payments 64 callers settle a second, each waiting for one after
// the other, and how that compares to a house that sends each in a transaction of its own.
func BenchmarkSettled(b *testing.B) {
	const callers = 64
	var together, apart time.Duration
	for b.Loop() {
		together += settleBy(b, callers, 0)
		apart += settleBy(b, callers, 1)
	}
	n := float64(b.N * callers * eachSettles)
	b.ReportMetric(n/together.Seconds(), "settled/s")
	b.ReportMetric(n/apart.Seconds(), "alone/s")
	b.ReportMetric(apart.Seconds()/together.Seconds(), "to-alone")
	b.ReportMetric(0, "ns/op")
}

// eachSettles is how many payments each caller makes.
const eachSettles = 4

// settleBy takes the time in which callers settle their payments, in transactions of so many.
func settleBy(b *testing.B, callers, batch int) time.Duration {
	b.Helper()
	b.StopTimer()
	w := newWorld(b)
	w.options.Batch = batch
	payments := make([][]transfer.Transfer, callers)
	for i := range payments {
		payer := w.payer(fmt.Sprint(i), usdc)
		for range eachSettles {
			payments[i] = append(payments[i], w.signed(payer, usdc/100))
		}
	}
	w.open()
	b.StartTimer()
	began := time.Now()
	var all sync.WaitGroup
	for _, mine := range payments {
		all.Go(func() {
			for _, payment := range mine {
				w.settles(w.submit(payment))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	b.StopTimer()
	w.stop()
	b.StartTimer()
	return took
}
