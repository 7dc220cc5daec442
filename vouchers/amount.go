package vouchers

import (
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/chitpay/chit/internal/plain"
)

// Decimals is the number of decimal places of the token that chit speaks, USDC.
const Decimals = 6

// unit is how many atomic units make one USDC.
const unit = 1_000_000

// ErrAmount is what every error of an unreadable or unrepresentable amount wraps.
var ErrAmount = errors.New("invalid amount")

// Amount is a sum of money in atomic units: 1 USDC is 1,000,000. Its range, 0 to
// 2^64-1, is more than 18 trillion USDC. In JSON it is a decimal string of
// atomic units.
type Amount uint64

// ParseAmount reads what people type: a number of USDC such as "20", "0.001" or
// "1.5 USDC". Signs, exponents, separators, more than six decimals and amounts
// above 2^64-1 atomic units are refused with an error that wraps [ErrAmount].
func ParseAmount(s string) (Amount, error) {
	number := strings.TrimSpace(s)
	if n := len(number) - len("USDC"); n > 0 && strings.EqualFold(number[n:], "USDC") {
		number = strings.TrimRight(number[:n], " ")
	}
	whole, fraction, pointed := strings.Cut(number, ".")
	if !isDigits(whole) || pointed && !isDigits(fraction) {
		return 0, fmt.Errorf("%w %q: write a plain number of USDC such as 20 or 0.001", ErrAmount, s)
	}
	if len(fraction) > Decimals {
		return 0, fmt.Errorf("%w %q: USDC has %d decimals, this has %d", ErrAmount, s, Decimals, len(fraction))
	}
	fraction += strings.Repeat("0", Decimals-len(fraction))
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, nil
	}
	atomic, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w %q: more than %s", ErrAmount, s, Amount(1<<64-1))
	}
	return Amount(atomic), nil
}

// ParseAtomic reads an amount off the wire: a canonical decimal string of atomic
// units, with no sign and no leading zero, that fits 64 bits. Errors wrap
// [ErrAmount].
func ParseAtomic(s string) (Amount, error) {
	if !isDigits(s) || len(s) > 1 && s[0] == '0' {
		return 0, fmt.Errorf("%w %q: want a canonical decimal string of atomic units", ErrAmount, plain.Clip(s))
	}
	atomic, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w %q: more than %d atomic units", ErrAmount, plain.Clip(s), uint64(1<<64-1))
	}
	return Amount(atomic), nil
}

// AmountFromBig converts an on-chain value in atomic units. Nil, negative values
// and values above 2^64-1 are refused with an error that wraps [ErrAmount].
func AmountFromBig(v *big.Int) (Amount, error) {
	if v == nil || !v.IsUint64() {
		return 0, fmt.Errorf("%w %v: not within 0 and %d atomic units", ErrAmount, v, uint64(1<<64-1))
	}
	return Amount(v.Uint64()), nil
}

// Atomic returns the amount in atomic units, such as "1500000".
func (a Amount) Atomic() string { return strconv.FormatUint(uint64(a), 10) }

// Decimal returns the amount in USDC without trailing zeros, such as "1.5".
func (a Amount) Decimal() string {
	whole := strconv.FormatUint(uint64(a/unit), 10)
	if a%unit == 0 {
		return whole
	}
	return whole + "." + strings.TrimRight(fmt.Sprintf("%06d", uint64(a%unit)), "0")
}

// String returns the amount for people, such as "1.5 USDC".
func (a Amount) String() string { return a.Decimal() + " USDC" }

// Big returns the amount in atomic units as a new big integer.
func (a Amount) Big() *big.Int { return new(big.Int).SetUint64(uint64(a)) }

// Add returns a + b, and false if the sum does not fit.
func (a Amount) Add(b Amount) (Amount, bool) {
	sum, carry := bits.Add64(uint64(a), uint64(b), 0)
	return Amount(sum), carry == 0
}

// Sub returns a - b, and false if b is greater than a.
func (a Amount) Sub(b Amount) (Amount, bool) {
	difference, borrow := bits.Sub64(uint64(a), uint64(b), 0)
	return Amount(difference), borrow == 0
}

// Plus returns a + b, up to the highest amount there is.
func (a Amount) Plus(b Amount) Amount {
	if sum, ok := a.Add(b); ok {
		return sum
	}
	return 1<<64 - 1
}

// Minus returns a - b, or 0 if b is greater.
func (a Amount) Minus(b Amount) Amount {
	if b > a {
		return 0
	}
	return a - b
}

// LogValue is [Amount.String], so that no log has an amount without its unit.
func (a Amount) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText is [Amount.Atomic].
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.Atomic()), nil }

// UnmarshalText is [ParseAtomic].
func (a *Amount) UnmarshalText(text []byte) error {
	v, err := ParseAtomic(string(text))
	if err != nil {
		return err
	}
	*a = v
	return nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
