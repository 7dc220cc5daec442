package offer

import (
	"math"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Allowance is what each payer gets for nothing. A payer is known by the payment that
// it brings: a call is free only with one that would pay for it, from a channel with
// money, and that is then charged 0. All channels of one payer that one key signs for
// share an allowance. The zero value is no allowance.
//
// Whoever deposits from many addresses, or for many keys, has as many allowances, and the shop pays the gas
// of deposits and refunds: ask for a MinDeposit where an allowance is worth the trouble.
type Allowance struct {
	// Calls are so many calls; 0 is any number, up to Amount.
	Calls uint64
	// Amount is calls of so much worth, in atomic USDC; 0 is any worth, up to Calls. A
	// call of which only a part would be free is paid for.
	Amount vouchers.Amount
	// Per is after how long it begins anew, rounded up to seconds, counted from the
	// beginning of 1970: 24h is the day of UTC. 0 is never.
	Per time.Duration
	// Pool names what tools share; empty is the pattern of the rate.
	Pool string
}

// Of is the allowance under a pattern, nil if there is none.
func (a Allowance) Of(pattern string) *Allowance {
	if a.Calls == 0 && a.Amount == 0 {
		return nil
	}
	if a.Pool == "" {
		a.Pool = pattern
	}
	return &a
}

// window is the beginning of the period that a moment is in, in Unix seconds.
func (a *Allowance) window(now time.Time) int64 {
	if a.Per <= 0 {
		return 0
	}
	per := int64((a.Per + time.Second - 1) / time.Second)
	return now.Unix() / per * per
}

// left is what remains of it.
func (a *Allowance) left(used usage) usage {
	left := usage{math.MaxUint64, math.MaxUint64}
	if a.Calls > 0 {
		left.calls = a.Calls - min(a.Calls, used.calls)
	}
	if a.Amount > 0 {
		left.amount = a.Amount - min(a.Amount, used.amount)
	}
	return left
}

// MetaFree is the key in a result's _meta that says of a call that was free, because
// its payer had an allowance, what is left of that.
const MetaFree = "chit/free"

// FreeNote is what a result says under [MetaFree], and the list of tools under
// [MetaRate]. Amounts are atomic units.
type FreeNote struct {
	// Calls and Amount are what is left, or what there is; absent where there is no such limit.
	Calls  *uint64          `json:"calls,omitempty"`
	Amount *vouchers.Amount `json:"amount,omitempty"`
	// Per is after how many seconds it begins anew; absent if never.
	Per uint64 `json:"per,omitempty"`
}

func (a *Allowance) note(left usage) *FreeNote {
	n := &FreeNote{Per: uint64(max(0, (a.Per+time.Second-1)/time.Second))}
	if a.Calls > 0 {
		n.Calls = &left.calls
	}
	if a.Amount > 0 {
		n.Amount = &left.amount
	}
	return n
}
