package onhttp

import (
	"bytes"
	"math"
	"math/bits"

	"github.com/chitpay/chit/vouchers"
)

// PerBytes has an answer cost price, in atomic USDC, for each so many bytes, at least 1, and
// what has begun to the atomic unit above.
func PerBytes(price vouchers.Amount, each uint64) func() Counter {
	return func() Counter {
		return &counter{price: price, each: max(each, 1), of: func(p []byte) int { return len(p) }}
	}
}

// PerLines has an answer cost price, in atomic USDC, for each so many lines that are not empty,
// at least 1: of JSON lines, that is, each value. A line is paid for with its first byte.
func PerLines(price vouchers.Amount, each uint64) func() Counter {
	return func() Counter {
		ended := true
		begun := func(p []byte) (n int) {
			for len(p) > 0 {
				if ended && p[0] != '\n' && p[0] != '\r' {
					n, ended = n+1, false
				}
				at := bytes.IndexByte(p, '\n')
				if at < 0 {
					break
				}
				p, ended = p[at+1:], true
			}
			return n
		}
		return &counter{price: price, each: max(each, 1), of: begun}
	}
}

type counter struct {
	price vouchers.Amount
	each  uint64
	of    func(p []byte) int
	all   uint64
}

// Count implements [Counter].
func (c *counter) Count(p []byte) vouchers.Amount {
	c.all += uint64(c.of(p))
	high, low := bits.Mul64(uint64(c.price), c.all)
	if high >= c.each {
		return math.MaxUint64
	}
	cost, rest := bits.Div64(high, low, c.each)
	if rest > 0 && cost < math.MaxUint64 {
		cost++
	}
	return vouchers.Amount(cost)
}
