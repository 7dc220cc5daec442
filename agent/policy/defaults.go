package policy

import (
	"time"

	"github.com/chitpay/chit/vouchers"
)

// The limits of a client whose policy sets none, in atomic units; see [Policy].
const (
	DefaultMaxPrice vouchers.Amount = 100_000
	DefaultPerDay   vouchers.Amount = 5_000_000
)

// DefaultMaxDeposit is what a deposit that a client makes by itself moves at most without
// a policy, in atomic units, DefaultTopUpPerDay what all of them move in one day, and
// DefaultMaxWithdrawDelay how long money may be locked.
const (
	DefaultMaxDeposit       vouchers.Amount = 20_000_000
	DefaultTopUpPerDay      vouchers.Amount = 100_000_000
	DefaultMaxWithdrawDelay                 = 7 * 24 * time.Hour
)

// Unlimited is a limit of a [Policy] that no payment meets.
const Unlimited vouchers.Amount = 1<<64 - 1
