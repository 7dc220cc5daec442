package rates_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/server/meter/rates"
	"github.com/chitpay/chit/vouchers"
)

func TestACallIsRoundedUpOnce(t *testing.T) {
	r := rates.Rates{In: 100_000, Cached: 50_000, Written: 125_000, Out: 400_000, Reasoning: 600_000}
	for _, c := range []struct {
		used rates.Usage
		cost vouchers.Amount
	}{
		{rates.Usage{}, 0},
		{rates.Usage{In: 1}, 1},
		{rates.Usage{In: 10}, 1},
		{rates.Usage{In: 11}, 2},
		{rates.Usage{In: 5, Cached: 5, Written: 2}, 1},
		{rates.Usage{In: 1, Out: 1, Reasoning: 1}, 2}, // 1.1
		{rates.Usage{Out: math.MaxUint64, Reasoning: math.MaxUint64}, math.MaxUint64},
	} {
		if cost := r.Cost(c.used); cost != c.cost {
			t.Errorf("%+v costs %d, want %d", c.used, cost, c.cost)
		}
	}
}

func TestACostIsThatOfUnboundedIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) uint64 {
			return rapid.Uint64().Draw(t, name) >> rapid.IntRange(0, 63).Draw(t, "shift")
		}
		u := rates.Usage{In: n("in"), Cached: n("cached"), Written: n("written"), Out: n("out"), Reasoning: n("reasoning")}
		r := rates.Rates{
			In: vouchers.Amount(n("rate")), Cached: vouchers.Amount(n("rate")), Written: vouchers.Amount(n("rate")),
			Out: vouchers.Amount(n("rate")), Reasoning: vouchers.Amount(n("rate")),
		}
		want := new(big.Int)
		for _, part := range [][2]uint64{
			{u.In, uint64(r.In)}, {u.Cached, uint64(r.Cached)}, {u.Written, uint64(r.Written)}, {u.Out, uint64(r.Out)}, {u.Reasoning, uint64(r.Reasoning)},
		} {
			a, b := new(big.Int).SetUint64(part[0]), new(big.Int).SetUint64(part[1])
			want.Add(want, a.Mul(a, b))
		}
		want.Add(want, big.NewInt(999_999)).Div(want, big.NewInt(1_000_000))
		if most := new(big.Int).SetUint64(math.MaxUint64); want.Cmp(most) > 0 {
			want = most
		}
		cost := r.Cost(u)
		if cost.Big().Cmp(want) != 0 {
			t.Fatalf("%+v at %+v costs %d, want %d", u, r, cost, want)
		}
		if in, out := u.In>>2+u.Cached>>2+u.Written>>2, u.Out>>2+u.Reasoning>>2; r.Most(in, out) < r.Cost(rates.Usage{In: u.In >> 2, Cached: u.Cached >> 2, Written: u.Written >> 2, Out: u.Out >> 2, Reasoning: u.Reasoning >> 2}) {
			t.Fatalf("%+v at %+v costs more than the most", u, r)
		}
	})
}

func TestTheClosestNameOfAModelHasItsRates(t *testing.T) {
	table := rates.Table{"gpt-4o": {In: 1}, "gpt-4o*": {In: 2}, "gpt-*": {In: 3}, "*mini": {In: 4}, "gpt-?": {In: 5}}
	for model, want := range map[string]vouchers.Amount{"gpt-4o": 1, "gpt-4o-mini": 2, "gpt-3": 3, "o1-mini": 4, "gpt-3.5": 3} {
		if r, found := table.Find(model); !found || r.In != want {
			t.Errorf("%s has %d, %t, want %d", model, r.In, found, want)
		}
	}
	if _, found := table.Find("claude"); found {
		t.Error("a model without a rate has one")
	}
}
