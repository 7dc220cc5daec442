package rates

import (
	"math"
	"math/bits"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/vouchers"
)

// Usage is how many tokens a call has used. Each token counts in one of the members alone.
type Usage struct {
	// In are tokens of the prompt that were neither read from a cache nor written to one.
	In uint64
	// Cached are tokens of the prompt that were read from a cache, Written those that were
	// written to one.
	Cached, Written uint64
	// Out are tokens of the answer without those of its reasoning, which are Reasoning.
	Out, Reasoning uint64
}

// Rates are prices in atomic USDC for a million tokens: 0.10 USDC is 100,000.
type Rates struct {
	In, Cached, Written, Out, Reasoning vouchers.Amount
}

// perTokens is how many tokens a rate is for.
const perTokens = 1_000_000

// Cost is the price of a call, rounded up to an atomic unit once. What does not fit an
// amount is the highest amount.
func (r Rates) Cost(u Usage) vouchers.Amount {
	var s sum
	s.add(u.In, r.In)
	s.add(u.Cached, r.Cached)
	s.add(u.Written, r.Written)
	s.add(u.Out, r.Out)
	s.add(u.Reasoning, r.Reasoning)
	return s.over(perTokens)
}

// Most is the highest price of a call with so many tokens in its prompt and its answer,
// whatever kinds of tokens they turn out to be.
func (r Rates) Most(in, out uint64) vouchers.Amount {
	var s sum
	s.add(in, max(r.In, r.Cached, r.Written))
	s.add(out, max(r.Out, r.Reasoning))
	return s.over(perTokens)
}

// Share is the price of count units where so many cost the price, rounded up once; per is at
// least 1. What does not fit an amount is the highest amount.
func Share(count uint64, price vouchers.Amount, per uint64) vouchers.Amount {
	var s sum
	s.add(count, price)
	return s.over(per)
}

// sum is of products, in 128 bits; one that overflows stays at its highest.
type sum struct{ high, low uint64 }

func (s *sum) add(count uint64, rate vouchers.Amount) {
	high, low := bits.Mul64(count, uint64(rate))
	var carry uint64
	s.low, carry = bits.Add64(s.low, low, 0)
	if s.high, carry = bits.Add64(s.high, high, carry); carry != 0 {
		*s = sum{math.MaxUint64, math.MaxUint64}
	}
}

func (s *sum) over(per uint64) vouchers.Amount {
	if s.high >= per {
		return math.MaxUint64
	}
	whole, rest := bits.Div64(s.high, s.low, per)
	if rest > 0 && whole < math.MaxUint64 {
		whole++
	}
	return vouchers.Amount(whole)
}

// Table are rates by the name of a model, or a glob over names.
type Table map[string]Rates

// Find finds the rates of a model: those of its exact name, or of the longest glob that
// matches, the first in order of those that are equally long.
func (t Table) Find(model string) (rates Rates, found bool) {
	if rates, found = t[model]; found {
		return rates, true
	}
	best := ""
	for pattern := range t {
		if !glob.Match(pattern, model) {
			continue
		}
		if !found || len(pattern) > len(best) || len(pattern) == len(best) && pattern < best {
			best, found = pattern, true
		}
	}
	return t[best], found
}
