package vouchers

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"
)

func TestParseAmountReadsWhatPeopleType(t *testing.T) {
	for in, want := range map[string]Amount{
		"20":                    20_000_000,
		"0.001":                 1_000,
		"1.5 USDC":              1_500_000,
		"1.5USDC":               1_500_000,
		" 1.5 usdc ":            1_500_000,
		"0":                     0,
		"0.000000":              0,
		"0.000001":              1,
		"007":                   7_000_000,
		"18446744073709.551615": math.MaxUint64,
	} {
		got, err := ParseAmount(in)
		if err != nil || got != want {
			t.Errorf("ParseAmount(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestParseAmountRefusesWhatIsNotAnAmount(t *testing.T) {
	for _, in := range []string{
		"", " ", "USDC", "-1", "+1", "1e6", "1,000", "1_000", "0x10", "1.", ".5", "1.2.3", "1.0000000", "$5", "1 EUR",
		"NaN", "Inf", "18446744073709.551616", "99999999999999999999999", "1 2", "١",
	} {
		if got, err := ParseAmount(in); !errors.Is(err, ErrAmount) {
			t.Errorf("ParseAmount(%q) = %d, %v, want ErrAmount", in, got, err)
		}
	}
}

func TestParseAtomicTakesCanonicalDecimalsAlone(t *testing.T) {
	for in, want := range map[string]Amount{"0": 0, "1": 1, "1500000": 1_500_000, "18446744073709551615": math.MaxUint64} {
		got, err := ParseAtomic(in)
		if err != nil || got != want {
			t.Errorf("ParseAtomic(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "18446744073709551616"} {
		if got, err := ParseAtomic(in); !errors.Is(err, ErrAmount) {
			t.Errorf("ParseAtomic(%q) = %d, %v, want ErrAmount", in, got, err)
		}
	}
}

func TestAnAmountPrintsInAtomicUnitsAndInUSDC(t *testing.T) {
	for a, want := range map[Amount][3]string{
		0:              {"0", "0", "0 USDC"},
		1:              {"1", "0.000001", "0.000001 USDC"},
		1_500_000:      {"1500000", "1.5", "1.5 USDC"},
		20_000_000:     {"20000000", "20", "20 USDC"},
		math.MaxUint64: {"18446744073709551615", "18446744073709.551615", "18446744073709.551615 USDC"},
	} {
		if got := [3]string{a.Atomic(), a.Decimal(), a.String()}; got != want {
			t.Errorf("%d prints as %q, want %q", uint64(a), got, want)
		}
		if a.Big().Cmp(new(big.Int).SetUint64(uint64(a))) != 0 {
			t.Errorf("%d.Big() = %s", uint64(a), a.Big())
		}
	}
}

func TestAmountsAddAndSubtractWithinTheirRange(t *testing.T) {
	if _, ok := Amount(math.MaxUint64).Add(1); ok {
		t.Error("2^64-1 + 1 fits")
	}
	if sum, ok := Amount(math.MaxUint64 - 1).Add(1); !ok || sum != math.MaxUint64 {
		t.Errorf("2^64-2 + 1 = %d, %t", sum, ok)
	}
	if _, ok := Amount(1).Sub(2); ok {
		t.Error("1 - 2 fits")
	}
	if difference, ok := Amount(2).Sub(2); !ok || difference != 0 {
		t.Errorf("2 - 2 = %d, %t", difference, ok)
	}
}

func TestAmountFromBigRefusesWhatDoesNotFit(t *testing.T) {
	tooMuch := new(big.Int).Lsh(big.NewInt(1), 64)
	for _, v := range []*big.Int{nil, big.NewInt(-1), tooMuch} {
		if got, err := AmountFromBig(v); !errors.Is(err, ErrAmount) {
			t.Errorf("AmountFromBig(%v) = %d, %v, want ErrAmount", v, got, err)
		}
	}
	most := tooMuch.Sub(tooMuch, big.NewInt(1))
	if got, err := AmountFromBig(most); err != nil || got != math.MaxUint64 {
		t.Errorf("AmountFromBig(2^64-1) = %d, %v", got, err)
	}
}

func TestAnAmountIsADecimalStringInJSON(t *testing.T) {
	out, err := json.Marshal(Amount(1_500_000))
	if err != nil || string(out) != `"1500000"` {
		t.Errorf("marshals to %s, %v", out, err)
	}
	var a Amount
	if err := json.Unmarshal([]byte(`"7"`), &a); err != nil || a != 7 {
		t.Errorf("unmarshals to %d, %v", a, err)
	}
	for _, in := range []string{`7`, `"07"`, `"-7"`, `"7.0"`, `{}`} {
		if err := json.Unmarshal([]byte(in), &a); err == nil {
			t.Errorf("%s unmarshals to %d", in, a)
		}
	}
}
