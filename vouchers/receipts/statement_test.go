package receipts_test

import (
	"context"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// statement is one of these receipts, and of a claim.
func statement(t testing.TB, rows []receipts.Signed, claimed vouchers.Amount) string {
	t.Helper()
	var text strings.Builder
	s := receipts.NewStatement(&text)
	errs := []error{s.Account(receipts.AccountOf(deployment, channel, config))}
	for _, r := range rows {
		errs = append(errs, s.Receipt(&r))
	}
	errs = append(errs, s.Claimed(receipts.Claimed{Channel: channel, Claimed: claimed, Block: 77}))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func audit(t testing.TB, text string, signers ...common.Address) receipts.Audit {
	t.Helper()
	audits, err := receipts.Verify(strings.NewReader(text), signers...)
	if err != nil || len(audits) != 1 {
		t.Fatalf("%d channels, %v", len(audits), err)
	}
	return audits[0]
}

func TestTheFirstReceiptThatDoesNotFitIsNamed(t *testing.T) {
	b := newBook(t)
	b.issues(100, 50, 25, 10)
	forged := func(change func(*receipts.Receipt)) func([]receipts.Signed) []receipts.Signed {
		return func(all []receipts.Signed) []receipts.Signed {
			change(&all[2].Receipt)
			return all
		}
	}
	// resigned is a change that the seller itself has signed.
	resigned := func(change func(*receipts.Receipt)) func([]receipts.Signed) []receipts.Signed {
		return func(all []receipts.Signed) []receipts.Signed {
			change(&all[2].Receipt)
			all[2].Batch = nil
			digest, err := all[2].Digest()
			if err != nil {
				t.Fatal(err)
			}
			if all[2].Signature, err = authorizer.SignHash(context.Background(), digest); err != nil {
				t.Fatal(err)
			}
			return all
		}
	}
	for name, test := range map[string]struct {
		change  func([]receipts.Signed) []receipts.Signed
		claimed vouchers.Amount
		at      uint64
		reason  string
	}{
		"all is well":                       {func(all []receipts.Signed) []receipts.Signed { return all }, 185, 0, ""},
		"more was claimed than they prove":  {func(all []receipts.Signed) []receipts.Signed { return all[:3] }, 185, 4, "0.000185 USDC were claimed on chain by block 77, the 3 receipts prove 0.000175 USDC"},
		"one is missing":                    {func(all []receipts.Signed) []receipts.Signed { return append(all[:2], all[3]) }, 0, 3, "it is missing; the next one that is there is 4"},
		"the first is missing":              {func(all []receipts.Signed) []receipts.Signed { return all[1:] }, 0, 1, "it is missing"},
		"one comes twice":                   {func(all []receipts.Signed) []receipts.Signed { return append(all[:3], all[2]) }, 0, 3, "it comes a second time"},
		"another tool":                      {forged(func(r *receipts.Receipt) { r.Resource = "mcp://tool/other" }), 0, 3, "signed it, the channel's receiver authorizer is"},
		"another price":                     {resigned(func(r *receipts.Receipt) { r.Charged = 26 }), 0, 3, "0.000026 USDC come to 0.00015 USDC that were charged before, and it says 0.000175 USDC in all"},
		"a charge of nothing":               {resigned(func(r *receipts.Receipt) { r.Charged, r.Cumulative = 0, 150 }), 0, 3, "it is for nothing"},
		"a sum that overflows":              {resigned(func(r *receipts.Receipt) { r.Charged = 1<<64 - 100 }), 0, 3, "and it says"},
		"another history":                   {resigned(func(r *receipts.Receipt) { r.Previous = common.Hash{1} }), 0, 3, "the one before has"},
		"another escrow":                    {resigned(func(r *receipts.Receipt) { r.Escrow = common.Address{9} }), 0, 3, "it is of eip155:8453/0x09"},
		"a price that was changed and kept": {resigned(func(r *receipts.Receipt) { r.IssuedAt++ }), 0, 4, "it follows a receipt with the digest"},
	} {
		t.Run(name, func(t *testing.T) {
			a := audit(t, statement(t, test.change(b.all()), test.claimed))
			if test.at == 0 {
				if a.Fault != nil {
					t.Error(a.Fault)
				}
				return
			}
			if a.Fault == nil || a.Fault.Sequence != test.at || !strings.Contains(a.Fault.Reason, test.reason) || !errors.Is(a.Fault, receipts.ErrFault) {
				t.Errorf("fault %v, want receipt %d: %s", a.Fault, test.at, test.reason)
			}
		})
	}
}

func TestWhatWasChargedBeforeTheFirstReceiptIsToldAndNotProven(t *testing.T) {
	b := newBook(t)
	b.sum = 1000 // by a ledger that was opened anew from the chain
	b.issues(100, 50)
	if a := audit(t, statement(t, b.all(), 1150)); a.Fault != nil || a.Before != 1000 || a.Charged != 1150 || a.Unclaimed() != 0 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
	if a := audit(t, statement(t, b.all(), 1151)); a.Fault == nil {
		t.Error("a claim beyond the receipts is taken")
	}
}

func TestAChannelVouchesForWhoSignsItsReceipts(t *testing.T) {
	b := newBook(t)
	b.issues(100)
	stranger := receipts.AccountOf(deployment, channel, config)
	stranger.ReceiverAuthorizer = common.Address{9}
	var text strings.Builder
	if err := receipts.NewStatement(&text).Account(stranger); err != nil {
		t.Fatal(err)
	}
	if a := audit(t, text.String()); a.Fault == nil || !strings.Contains(a.Fault.Reason, "this config in this deployment is channel") {
		t.Errorf("fault %v", a.Fault)
	}

	other := newBook(t)
	var err error
	if other.Book, err = receipts.Open(other.store, keys.Dev(2)); err != nil {
		t.Fatal(err)
	}
	other.issues(100)
	signed := statement(t, other.all(), 0)
	if a := audit(t, signed); a.Fault == nil {
		t.Error("another key's receipt is taken")
	}
	if a := audit(t, signed, keys.Dev(2).Address()); a.Fault != nil {
		t.Errorf("a signer that was named: %v", a.Fault)
	}
}

func TestWhatIsNoStatementIsRefusedWithItsLine(t *testing.T) {
	b := newBook(t)
	b.issues(100)
	good := statement(t, b.all(), 0)
	lines := strings.SplitAfter(good, "\n")
	for name, test := range map[string]struct{ text, want string }{
		"no line":              {"\n", "it is empty"},
		"not JSON":             {lines[0] + "sequence,charged\n", "line 2: not a receipt"},
		"nothing":              {lines[0] + "{}\n", "line 2: not a receipt: want one of channel, kept, receipt and claimed"},
		"an unknown member":    {`{"refund":{}}`, "line 1: not a receipt"},
		"a name twice":         {strings.Replace(lines[0], `"salt"`, `"payer":"0x0900000000000000000000000000000000000000","salt"`, 1), "line 1: not a receipt"},
		"a receipt at first":   {lines[1], "which no line before has begun"},
		"a channel twice":      {lines[0] + lines[0], "begins twice"},
		"a claim at first":     {lines[2], "which no line before has begun"},
		"a number for a price": {strings.Replace(good, `"charged":"100"`, `"charged":100`, 1), "line 2: not a receipt"},
		"an endless line":      {lines[0] + strings.Repeat("x", 1<<17), "line 2: "},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := receipts.Verify(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

func TestAStatementMayHaveReceiptsAsAnswersHaveThem(t *testing.T) {
	b := newBook(t)
	b.issues(100, 50)
	lines := strings.SplitAfter(statement(t, b.all(), 150), "\n")
	for i, r := range b.all() {
		word, err := r.Wire()
		if err != nil {
			t.Fatal(err)
		}
		lines[1+i] = word + "\r\n"
		if i == 1 {
			lines[1+i] = `"` + word + "\"\n"
		}
	}
	if a := audit(t, strings.Join(lines, "")); a.Fault != nil || a.Receipts != 2 || a.Charged != 150 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestATableHoldsNoFormulas(t *testing.T) {
	for _, resource := range []string{`=HYPERLINK("http://thief.example")`, "+1", "-1", "@SUM(A1)", "\t=1", "|calc"} {
		var text strings.Builder
		table, err := receipts.NewTable(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(table.Receipt(&receipts.Signed{Receipt: receipts.Receipt{Network: "eip155:1", Resource: resource}}), table.Flush()); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][3] != "'"+resource {
			t.Errorf("the table is %q, %v", rows, err)
		}
	}
}

func TestATableHasOneRowAReceipt(t *testing.T) {
	b := newBook(t)
	b.issues(1_500_000)
	var text strings.Builder
	table, err := receipts.NewTable(&text)
	if err != nil {
		t.Fatal(err)
	}
	r := b.all()[0]
	if err := errors.Join(table.Receipt(&r), table.Flush()); err != nil {
		t.Fatal(err)
	}
	want := "issued_at,channel,sequence,resource,charged_usdc,cumulative_usdc,grant,token,ceiling_usdc,request,network,escrow,previous,signature,path\n" +
		time.Unix(1791500000, 0).UTC().Format(time.RFC3339) + "," + channel.Hex() + ",1,mcp://tool/search,1.5,1.5,,,1.5," + common.Hash{}.Hex() +
		",eip155:8453," + deployment.Escrow.Hex() + "," + common.Hash{}.Hex() + "," + r.Signature.Hex() + ",\n"
	if text.String() != want {
		t.Errorf("the table is\n%swant\n%s", text.String(), want)
	}
}

func TestAFilterKeepsWhatIsWanted(t *testing.T) {
	r := &receipts.Signed{Receipt: receipts.Receipt{Channel: channel, Grant: receipts.ID{1}, IssuedAt: 1000}}
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for name, test := range map[string]struct {
		f    receipts.Filter
		want bool
	}{
		"all":            {receipts.Filter{}, true},
		"the channel":    {receipts.Filter{Channel: channel}, true},
		"another":        {receipts.Filter{Channel: vouchers.ChannelID{1}}, false},
		"the grant":      {receipts.Filter{Grant: receipts.ID{1}}, true},
		"another's":      {receipts.Filter{Grant: receipts.ID{2}}, false},
		"since then":     {receipts.Filter{Since: at(1000)}, true},
		"since later":    {receipts.Filter{Since: at(1001)}, false},
		"until later":    {receipts.Filter{Until: at(1001)}, true},
		"until just now": {receipts.Filter{Until: at(1000)}, false},
	} {
		if got := test.f.Keeps(r); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
