package ledger

import (
	"testing"

	"github.com/chitpay/chit/vouchers"
)

func TestAHungCallDoesNotLetTheMemoryOfCeilingsGrow(t *testing.T) {
	const inFlight = 2
	var c ceilings
	call := func(ceiling vouchers.Amount) *Reservation {
		r := &Reservation{voucher: vouchers.Voucher{Ceiling: ceiling}}
		c.take(r, inFlight)
		return r
	}
	hung := call(1)
	for ceiling := vouchers.Amount(2); ceiling < 10_000; ceiling++ {
		c.spend(call(ceiling))
		if most := 2*(history+ofCrowd*inFlight) + 1; len(c.used) > most {
			t.Fatalf("%d ceilings are remembered, at most %d should be", len(c.used), most)
		}
	}
	c.free(hung)
	for ceiling := vouchers.Amount(1); ceiling < 10_000; ceiling++ {
		if !c.isUsed(ceiling) {
			t.Fatalf("ceiling %d is free", ceiling)
		}
	}
	if c.isUsed(10_000) || c.inFlight() != nil {
		t.Error("a ceiling is used that nobody has")
	}
}
