package receipts_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

var (
	deployment = vouchers.Deployment{ChainID: 8453, Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")}
	authorizer = keys.Dev(1)
	config     = vouchers.ChannelConfig{
		Payer: common.Address{1}, PayerAuthorizer: common.Address{2}, Receiver: common.Address{3},
		ReceiverAuthorizer: authorizer.Address(), Token: common.Address{4}, WithdrawDelay: 900,
	}
	channel = vouchers.NewDomain(deployment).ChannelID(config)
)

// book is one in a store on disk, with what issuing receipts needs.
type book struct {
	*receipts.Book
	t     testing.TB
	path  string
	store *boltstore.Store
	sum   vouchers.Amount
}

func newBook(t testing.TB) *book {
	t.Helper()
	b := &book{t: t, path: filepath.Join(t.TempDir(), "store.db")}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

func (b *book) open() {
	b.t.Helper()
	var err error
	if b.store, err = boltstore.Open(b.path); err != nil {
		b.t.Fatal(err)
	}
	b.Book = receipts.NewBook(b.store, authorizer)
}

// issues makes receipts of these charges.
func (b *book) issues(charges ...vouchers.Amount) {
	b.t.Helper()
	for _, charged := range charges {
		b.sum += charged
		c := &ledger.Charge{Channel: channel, Charged: charged, Cumulative: b.sum, State: ledger.Channel{Deployment: deployment, Config: config}}
		d, err := b.Draft(b.t.Context(), c, receipts.Receipt{Resource: "mcp://tool/search", Ceiling: b.sum, IssuedAt: uint64(1790000000 + b.sum)})
		if err != nil {
			b.t.Fatal(err)
		}
		b.Issue(d)
		if err := b.store.Submit(vouchers.Update{Puts: []vouchers.Put{d.Put}}).Wait(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

// all are the receipts of the channel.
func (b *book) all() (all []receipts.Signed) {
	b.t.Helper()
	err := b.Walk(channel, func(r *receipts.Signed) error {
		all = append(all, *r)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

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

func TestADigestIsThatOfTheTypedDataThatAWalletShows(t *testing.T) {
	r := receipts.Receipt{
		Network: deployment.Network(), Escrow: deployment.Escrow, Channel: channel, Sequence: 7, Previous: common.HexToHash("0x0123"),
		Charged: 700, Cumulative: 1 << 60, Ceiling: 1<<63 + 1, Grant: receipts.ID{0xab}, Token: receipts.ID{15: 0xcd},
		Resource: "mcp://tool/suche-für-käufer", Request: common.HexToHash("0xfeed"), IssuedAt: 1790000000,
	}
	number := func(n uint64) string { return fmt.Sprint(n) }
	typed := apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}, {Name: "chainId", Type: "uint256"}, {Name: "verifyingContract", Type: "address"}},
			"Receipt":      fields(receipts.Type),
		},
		PrimaryType: "Receipt",
		Domain: apitypes.TypedDataDomain{
			Name: receipts.DomainName, Version: receipts.DomainVersion,
			ChainId: (*math.HexOrDecimal256)(new(big.Int).SetUint64(deployment.ChainID)), VerifyingContract: deployment.Escrow.Hex(),
		},
		Message: apitypes.TypedDataMessage{
			"channelId": channel.Hex(), "sequence": number(r.Sequence), "previous": r.Previous.Hex(), "charged": number(uint64(r.Charged)),
			"cumulative": number(uint64(r.Cumulative)), "ceiling": number(uint64(r.Ceiling)), "grant": hexutil.Encode(r.Grant[:]), "token": hexutil.Encode(r.Token[:]),
			"resource": r.Resource, "request": r.Request.Hex(), "issuedAt": number(r.IssuedAt),
		},
	}
	want, _, err := apitypes.TypedDataAndHash(typed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Digest(); err != nil || !bytes.Equal(got[:], want) {
		t.Errorf("digest %s, want %x, %v", got, want, err)
	}
}

// fields are those of an EIP-712 type.
func fields(typ string) (all []apitypes.Type) {
	_, list, _ := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	for _, field := range strings.Split(list, ",") {
		kind, name, _ := strings.Cut(field, " ")
		all = append(all, apitypes.Type{Name: name, Type: kind})
	}
	return all
}

func TestReceiptsGoOnWhereTheyEndedAfterARestart(t *testing.T) {
	b := newBook(t)
	b.issues(100, 50)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.issues(25)
	a := audit(t, statement(t, b.all(), 150))
	if a.Fault != nil || a.Receipts != 3 || a.Charged != 175 || a.Unclaimed() != 25 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestADraftThatIsNotIssuedLeavesNoGap(t *testing.T) {
	b := newBook(t)
	b.issues(100)
	c := &ledger.Charge{Channel: channel, Charged: 1, Cumulative: 101, State: ledger.Channel{Deployment: deployment}}
	if _, err := b.Draft(t.Context(), c, receipts.Receipt{}); err != nil {
		t.Fatal(err)
	}
	b.issues(50)
	if a := audit(t, statement(t, b.all(), 0)); a.Fault != nil || a.Receipts != 2 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
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

func TestAResourceIsCutToAValidText(t *testing.T) {
	b := newBook(t)
	for name, want := range map[string]string{
		"http://h/" + strings.Repeat("ü", 600): "http://h/" + strings.Repeat("ü", 507),
		"http://h/\xff":                        "http://h/\uFFFD",
		strings.Repeat("x", 1024):              strings.Repeat("x", 1024),
	} {
		c := &ledger.Charge{Channel: channel, Charged: 1, Cumulative: 1, State: ledger.Channel{Deployment: deployment}}
		d, err := b.Draft(t.Context(), c, receipts.Receipt{Resource: name})
		if err != nil || d.Resource != want {
			t.Errorf("%.20q is cut to %q, %v", name, d.Resource, err)
		}
		if _, err := d.Header(); err != nil {
			t.Error(err)
		}
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
	other.Book = receipts.NewBook(other.store, keys.Dev(2))
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
		"nothing":              {lines[0] + "{}\n", "line 2: not a receipt: want one of channel, receipt and claimed"},
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

func TestPagesHaveEveryReceiptOnce(t *testing.T) {
	b := newBook(t)
	const total = 2*receipts.MaxPage + 40
	rows := make([]vouchers.Amount, total)
	for i := range rows {
		rows[i] = 1
	}
	b.issues(rows...)
	next := uint64(1)
	for {
		page, err := b.Page(channel, next-1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			if r.Sequence != next {
				t.Fatalf("receipt %d, want %d", r.Sequence, next)
			}
			next++
		}
	}
	if next != total+1 {
		t.Errorf("the pages end at %d of %d", next-1, total)
	}
	if page, err := b.Page(vouchers.ChannelID{1}, 0); err != nil || len(page) != 0 {
		t.Errorf("a channel without receipts: %v, %v", page, err)
	}
}

func TestAReceiptSurvivesEveryForm(t *testing.T) {
	b := newBook(t)
	b.issues(1<<60, 3)
	for _, want := range b.all() {
		key, value, err := want.Record()
		if err != nil {
			t.Fatal(err)
		}
		header, err := want.Header()
		if err != nil {
			t.Fatal(err)
		}
		stored, storedErr := receipts.FromRecord(key, value)
		sent, sentErr := receipts.ParseHeader(header)
		if storedErr != nil || sentErr != nil || !reflect.DeepEqual(*stored, want) || !reflect.DeepEqual(*sent, want) {
			t.Errorf("%+v became %+v (%v) and %+v (%v)", want, stored, storedErr, sent, sentErr)
		}
		if err := sent.Check(authorizer.Address()); err != nil {
			t.Error(err)
		}
		if err := sent.Check(common.Address{1}); !errors.Is(err, receipts.ErrSigner) {
			t.Errorf("another signer: %v", err)
		}
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
	want := "issued_at,channel,sequence,resource,charged_usdc,cumulative_usdc,grant,token,ceiling_usdc,request,network,escrow,previous,signature\n" +
		time.Unix(1791500000, 0).UTC().Format(time.RFC3339) + "," + channel.Hex() + ",1,mcp://tool/search,1.5,1.5,,,1.5," + common.Hash{}.Hex() +
		",eip155:8453," + deployment.Escrow.Hex() + "," + common.Hash{}.Hex() + "," + r.Signature.Hex() + "\n"
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

func FuzzReceipt(f *testing.F) {
	b := newBook(f)
	b.issues(100)
	r := b.all()[0]
	key, value, err := r.Record()
	if err != nil {
		f.Fatal(err)
	}
	header, err := r.Header()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key, value, header, statement(f, b.all(), 100))
	f.Fuzz(func(t *testing.T, key, value []byte, header, text string) {
		if r, err := receipts.FromRecord(key, value); err == nil {
			k, v, err := r.Record()
			if err != nil && !errors.Is(err, receipts.ErrFormat) || err == nil && (!bytes.Equal(k, key) || !bytes.Equal(v, value)) {
				t.Errorf("record %x: %x became %x: %x, %v", key, value, k, v, err)
			}
		} else if !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("record %x: %x: %v", key, value, err)
		}
		if r, err := receipts.ParseHeader(header); err == nil {
			again, err := r.Header()
			if err != nil {
				t.Fatal(err)
			}
			if twice, err := receipts.ParseHeader(again); err != nil || !reflect.DeepEqual(r, twice) {
				t.Errorf("header %q became %q: %v", header, again, err)
			}
			_ = r.Check(authorizer.Address()) // must not panic
		} else if !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("header %q: %v", header, err)
		}
		audits, err := receipts.Verify(strings.NewReader(text))
		if err != nil && len(audits) > 0 {
			t.Errorf("%d channels and %v", len(audits), err)
		}
		for _, a := range audits {
			if a.Fault == nil && a.Receipts > 1 {
				t.Errorf("somebody has forged a receipt: %s", text)
			}
		}
	})
}

func TestANetworkIsWrittenInOneWay(t *testing.T) {
	for _, network := range []string{"", "eip155:", "eip155:0", "eip155:01", "eip155:+1", "eip155:1 ", "eip155:1_0", "eip155:18446744073709551616", "solana:1"} {
		if d, err := (&receipts.Receipt{Network: network}).Deployment(); !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("%q is read as %v, %v", network, d, err)
		}
	}
	if d, err := (&receipts.Receipt{Network: "eip155:18446744073709551615"}).Deployment(); err != nil || d.ChainID != 1<<64-1 {
		t.Errorf("%v, %v", d, err)
	}
}
