package profile

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers"
)

func TestAnAmountIsReadAsItIsWritten(t *testing.T) {
	for text, want := range map[string]vouchers.Amount{
		"0.000001": 1, `"010"`: 10_000_000, "20.10": 20_100_000, `"0.5"`: 500_000, "5 USDC": 5_000_000, "0.05 # five cents": 50_000,
	} {
		p, err := load(t, "budget: \n  total: "+text+"\nminDeposit: "+text+"\n")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		policy, err := p.PayerPolicy()
		least, leastErr := p.MinDepositAmount()
		if err != nil || leastErr != nil || policy.Total != want || least != want {
			t.Errorf("%s is %s and %s, %v, %v", text, policy.Total, least, err, leastErr)
		}
	}
	for _, text := range []string{"010", "0x10", "1e3", "+1", ".5", "1_000", "0b1", "0o10"} {
		if p, err := load(t, "budget: {total: "+text+"}\n"); err == nil || !strings.Contains(err.Error(), "budget.total") {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
}

func TestABlankLimitIsAnError(t *testing.T) {
	for lines, says := range map[string]string{
		"budget:\n  perDay:\n":                       "budget.perDay",
		"budget: {perDay: ~}\n":                      "budget.perDay",
		"budget: {perDay: \"\"}\n":                   "blank",
		"budget:\n":                                  "budget",
		"budget:\n  tools: [{match: a, perDay: }]\n": "perDay",
		"topUp: {amount: }\n":                        "topUp.amount",
		"minDeposit:\n":                              "minDeposit",
		"settle: {totalValue: }\n":                   "settle.totalValue",
		"limits: {lookups: }\n":                      "limits.lookups",
		"budget:\n  total: |\n":                      "budget.total",
		"server: &it ~\nbudget: {total: *it}\n":      "&it",
		"server: &it ''\nbudget: *it\n":              "&it",
	} {
		if p, err := load(t, lines); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "blank") {
			t.Errorf("%q: %+v, %v", lines, p, err)
		}
	}
}

func TestASecondDocumentOfAProfileIsNotPassedOver(t *testing.T) {
	if p, err := load(t, "---\nbudget: {total: 1}\n"); err == nil || !strings.Contains(err.Error(), "2 YAML documents") {
		t.Errorf("read %+v, %v", p, err)
	}
}

func TestANumberThatIsNotPlainDecimalsIsRefusedWithItsLineAndKey(t *testing.T) {
	for lines, says := range map[string]string{
		"confirmations: 010\n":           "line 6: confirmations: 010 is not a plain decimal number",
		"confirmations: 0x10\n":          `line 6: confirmations: "0x10" is not a whole number in plain decimals`,
		"confirmations: 0o10\n":          `line 6: confirmations: "0o10" is not a whole number in plain decimals`,
		"confirmations: 0b1\n":           `line 6: confirmations: "0b1" is not a whole number in plain decimals`,
		"confirmations: 1_000\n":         `line 6: confirmations: "1_000" is not a whole number in plain decimals`,
		"confirmations: 08\n":            "line 6: confirmations: ",
		"confirmations: &n !!int 010\n":  "line 6: confirmations: 010 is not a plain decimal number",
		"confirmations: 9.7\n":           `line 6: confirmations: "9.7" is not a whole number`,
		"confirmations: 9e2\n":           `line 6: confirmations: "9e2" is not a whole number`,
		"confirmations: '0x1p4'\n":       `line 6: confirmations: "0x1p4" is not a whole number`,
		"settle:\n  lowBalance: 010\n":   "line 7: settle.lowBalance: 010 is",
		"settle: {maxCostShare: 0x10}\n": `line 6: settle.maxCostShare: "0x10" is not a whole number in plain decimals`,
		"also:\n- escrow: '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003'\n  confirmations: 010\n": "line 8: also[0].confirmations: 010 is",
		"also:\n- chainId: 010\n":         "line 7: also[0].chainId: 010 is",
		"minDeposit: 010\n":               "line 6: minDeposit: 010",
		"budget:\n  perDay: 010.5\n":      "line 7: budget.perDay: 010.5",
		"limits: {lookups: 010}\n":        "line 6: limits.lookups: 010",
		"clientLimits: {pages: 0x10}\n":   "line 6: clientLimits.pages: 0x10",
		"budget: {denyTools: [a, 010]}\n": "line 6: budget.denyTools[1]: 010",
	} {
		if p, err := load(t, lines); err == nil || !strings.Contains(err.Error(), "test.yaml: "+says) {
			t.Errorf("%q: %+v, %v", lines, p, err)
		}
	}
	if p, err := load(t, "confirmations: \"010\"\n"); err != nil || p.Confirmations != 10 {
		t.Errorf("in quotes: %+v, %v", p, err)
	}
}

func TestEveryWholeNumberOfAProfileIsHeldToBeOne(t *testing.T) {
	var found []string
	var fields func(of reflect.Type, below string)
	fields = func(of reflect.Type, below string) {
		for i := range of.NumField() {
			field := of.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			kind := field.Type
			if kind.Kind() == reflect.Slice {
				kind = kind.Elem()
			}
			switch {
			case name == "":
			case kind.Kind() == reflect.Struct:
				fields(kind, below+name+".")
			case kind.ConvertibleTo(reflect.TypeFor[float64]()):
				found = append(found, below+name)
			}
		}
	}
	fields(reflect.TypeFor[Profile](), "")
	slices.Sort(found)
	if want := slices.Sorted(slices.Values(wholes)); !slices.Equal(found, want) {
		t.Errorf("the whole numbers are %v, and held to be are %v", found, want)
	}
}
