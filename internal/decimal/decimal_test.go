package decimal_test

import (
	"errors"
	"testing"

	"github.com/goccy/go-yaml/parser"

	"github.com/chitpay/chit/internal/decimal"
)

func TestANumberIsDecimalOrRefused(t *testing.T) {
	for text, plain := range map[string]bool{
		"0": true, "10": true, "0.5": true, "-1": true, "+1": true, "1.50": true, "18446744073709551616": true,
		"010": false, "08": false, "00": false, "-010": false, "0_8": false, "010.5": false,
		"0x10": false, "0o10": false, "0b1": false, "1_000": false, "1.5e3": false, ".5": false, "5.": false,
		`"010"`: true, "'0x10'": true, "a": true, "72h": true, "010s": true, "5 USDC": true, "true": true, "~": true,
		"0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003": true, "2020-01-01": true, "[010]": true,
	} {
		file, err := parser.ParseBytes([]byte(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := decimal.Check(file.Docs[0].Body); (err == nil) != plain || err != nil && !errors.Is(err, decimal.ErrNotDecimal) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
