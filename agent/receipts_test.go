package agent_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// verified is what the receipts in a book prove of its only channel.
func verified(t testing.TB, path string) receipts.Audit {
	t.Helper()
	book, err := book.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var statement strings.Builder
	claimed := func(e agent.Entry) (*receipts.Claimed, error) {
		return treasury.ReadClaimed(t.Context(), shoptest.Net.Client, e)
	}
	if err := book.WriteStatement(receipts.Filter{}, claimed, &statement); err != nil {
		t.Fatal(err)
	}
	audits, err := receipts.Verify(strings.NewReader(statement.String()))
	if err != nil || len(audits) != 1 {
		t.Fatalf("%d channels, %v", len(audits), err)
	}
	return audits[0]
}

func TestAClientKeepsItsReceipts(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	o := options(t)
	client := funded(t, shop.URL, o)
	for range 3 {
		_, receipt, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "abc"})
		if err != nil || receipt.Signed == nil || receipt.Signed.Charged != receipt.Charged {
			t.Fatalf("%+v, %v", receipt, err)
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if a := verified(t, o.Book); a.Fault != nil || a.Receipts != 3 || a.Unclaimed() != a.Charged || a.Charged == 0 {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

func TestAClientThatHasLostItsReceiptsGetsThemAgain(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	o := options(t)
	client := funded(t, shop.URL, o)
	const calls = receipts.MaxPage + 3
	for range calls {
		if _, _, err := client.CallTool(t.Context(), "hash", map[string]any{"text": "abc"}); err != nil {
			t.Fatal(err)
		}
	}
	o.Book = filepath.Join(t.TempDir(), "another.db")
	other := dial(t, shop.URL, o)
	if _, err := other.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if came, err := other.FetchReceipts(t.Context()); err != nil || came != calls {
		t.Errorf("%d receipts came, %v", came, err)
	}
	if came, err := other.FetchReceipts(t.Context()); err != nil || came != 0 {
		t.Errorf("%d receipts came again, %v", came, err)
	}
	if a := verified(t, o.Book); a.Fault != nil || a.Receipts != calls {
		t.Errorf("%+v, fault %v", a, a.Fault)
	}
}

// bent is a change of receipts that the seller signs.
func bent(change func(r *receipts.Receipt, n int)) func(*liar, int, *receipts.Signed) {
	return func(l *liar, n int, r *receipts.Signed) {
		change(&r.Receipt, n)
		*r = l.signsAsItIs(r.Receipt, shoptest.Key(l.t, "liar"))
	}
}

func TestAReceiptIsThatOfOneCall(t *testing.T) {
	o := options(t)
	l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		result := serves(l.receipt(price, vouchers.Amount(n+1)*price))
		result.Meta.AdditionalFields["chit/receipt"] = l.signs(receipts.Receipt{
			Sequence: 1, Charged: price, Cumulative: price, Resource: "mcp://tool/work",
		}, shoptest.Key(t, "liar"))
		return result
	})
	client := dial(t, l.url, o)
	for n := range 3 {
		_, receipt, err := client.CallTool(t.Context(), "work", nil)
		if err != nil || receipt.Charged != price || (receipt.Signed != nil) != (n == 0) {
			t.Errorf("call %d: %+v, %v", n, receipt, err)
		}
	}
}

func TestAReceiptThatContradictsTheServerIsNotTakenAndItsAnswerIs(t *testing.T) {
	for name, test := range map[string]struct {
		change func(l *liar, n int, r *receipts.Signed)
		kept   int
		// contradicting are those that are kept beside others of the same number.
		contradicting int
	}{
		"another charge":                   {bent(func(r *receipts.Receipt, _ int) { r.Charged-- }), 0, 0},
		"another channel":                  {bent(func(r *receipts.Receipt, _ int) { r.Channel = vouchers.ChannelID{1} }), 0, 0},
		"another chain":                    {bent(func(r *receipts.Receipt, _ int) { r.Network = "eip155:1" }), 0, 0},
		"another escrow":                   {bent(func(r *receipts.Receipt, _ int) { r.Escrow = escrow.Canonical.Escrow }), 0, 0},
		"another resource":                 {bent(func(r *receipts.Receipt, _ int) { r.Resource = `=HYPERLINK("http://thief.example")` }), 0, 0},
		"a resource that is endless":       {bent(func(r *receipts.Receipt, _ int) { r.Resource += strings.Repeat("x", 8000) }), 0, 0},
		"a first one that follows another": {bent(func(r *receipts.Receipt, n int) { r.Previous[n] = 1 }), 1, 0},
		"a second one that follows none":   {bent(func(r *receipts.Receipt, n int) { r.Previous = common.Hash{} }), 1, 0},
		"another sum":                      {bent(func(r *receipts.Receipt, n int) { r.Cumulative += vouchers.Amount(n) }), 1, 0},
		"another one of the same number": {bent(func(r *receipts.Receipt, n int) {
			r.Sequence, r.IssuedAt, r.Previous = 1, uint64(n), common.Hash{}
		}), 1, 1},
		"a signature that is endless":  {func(_ *liar, _ int, r *receipts.Signed) { r.Signature = make(vouchers.Signature, 300) }, 0, 0},
		"a signature of another's key": {func(l *liar, _ int, r *receipts.Signed) { *r = l.signsAsItIs(r.Receipt, shoptest.Key(l.t, "thief")) }, 0, 0},
		"a good one":                   {func(*liar, int, *receipts.Signed) {}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			var last common.Hash
			l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				result := serves(l.receipt(price, vouchers.Amount(n+1)*price))
				r := l.signs(receipts.Receipt{
					Sequence: uint64(n + 1), Previous: last, Charged: price, Cumulative: vouchers.Amount(n+1) * price, Resource: "mcp://tool/work",
				}, shoptest.Key(t, "liar"))
				test.change(l, n, &r)
				last, _ = r.Digest() // one that cannot be made is not asked for
				result.Meta.AdditionalFields["chit/receipt"] = r
				return result
			})
			client, err := agent.Dial(t.Context(), l.url, o)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if result, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || result.IsError || receipt.Charged != price {
					t.Errorf("%+v, %+v, %v", result, receipt, err)
				}
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			keeps(t, o.Book, l.id(), test.kept, test.contradicting)
		})
	}
}

// keeps holds how many receipts a book has of a channel, and how many that contradict them.
func keeps(t testing.TB, path string, channel vouchers.ChannelID, receipts, contradicting int) {
	t.Helper()
	book, err := book.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := book.Receipts(channel)
	if err != nil || len(kept) != receipts {
		t.Errorf("kept are %+v, %v", kept, err)
	}
	if others, err := book.Contradictions(channel); err != nil || len(others) != contradicting {
		t.Errorf("contradicting are %+v, %v", others, err)
	}
}

func TestAShopThatHasLostItsBooksIsStillBoughtFrom(t *testing.T) {
	o, payer := shoptest.Options(t), options(t)
	shop := shoptest.Open(t, o)
	client := funded(t, shop.URL, payer)
	hash(t, client)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	shop.Stop(t)
	first := shop.URL

	o.Store = filepath.Join(t.TempDir(), "new.db")
	shop = shoptest.Open(t, o)
	payer.Book = rename(t, payer.Book, first, shop.URL)
	for range 2 { // the receipts are written when a client closes
		client = dial(t, shop.URL, payer)
		hash(t, client)
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
	book, err := book.Open(t.Context(), payer.Book)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := book.Channels()
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	if others, err := book.Contradictions(entries[0].Channel); err != nil || len(others) != 1 || others[0].Sequence != 1 {
		t.Errorf("contradicting are %+v, %v", others, err)
	}
}

func TestAServerCannotGiveReceiptsForMoreThanWasSigned(t *testing.T) {
	for name, charged := range map[string]vouchers.Amount{
		"for ever":           price,
		"for nothing":        0,
		"of a huge sum":      1 << 40,
		"that wrap around 0": 1<<64 - 1,
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			l := newLiar(t, o, func(l *liar, n int, _ *x402.PaymentPayload) *mcp.CallToolResult {
				return serves(l.receipt(price, vouchers.Amount(n+1)*price))
			})
			var last common.Hash
			var sum vouchers.Amount
			l.gives = func(after uint64) []receipts.Signed {
				r := receipts.Receipt{Sequence: after + 1, Previous: last, Charged: price}
				if after > 0 {
					r.Charged = charged
				}
				sum += r.Charged
				r.Cumulative = sum
				signed := l.signs(r, shoptest.Key(t, "liar"))
				last, _ = signed.Digest() // of a receipt that was just signed
				return []receipts.Signed{signed}
			}
			client := dial(t, l.url, o)
			for range 3 {
				if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
					t.Fatal(err)
				}
			}
			if came, err := client.FetchReceipts(t.Context()); !errors.Is(err, agent.ErrDishonest) || came > 3 {
				t.Errorf("%d came, %v", came, err)
			}
		})
	}
}

func TestReceiptsThatASellerMakesUpAreNotKept(t *testing.T) {
	for name, bend := range map[string]func(r *receipts.Receipt) string{
		"of another's key":         func(*receipts.Receipt) string { return "thief" },
		"that follow others":       func(r *receipts.Receipt) string { r.Previous = common.Hash{1}; return "liar" },
		"with an endless resource": func(r *receipts.Receipt) string { r.Resource = strings.Repeat("x", 2000); return "liar" },
	} {
		o := options(t)
		l := newLiar(t, o, charging())
		l.gives = func(after uint64) []receipts.Signed {
			r := receipts.Receipt{Sequence: after + 1, Charged: 1, Cumulative: vouchers.Amount(after + 1)}
			key := bend(&r)
			return []receipts.Signed{l.signs(r, shoptest.Key(t, key))}
		}
		client := dial(t, l.url, o)
		pays(t, client, price)
		if came, err := client.FetchReceipts(t.Context()); !errors.Is(err, agent.ErrDishonest) || came != 0 {
			t.Errorf("%s: %d came, %v", name, came, err)
		}
	}
}

func TestReceiptsAreFetchedSoManyAtOnce(t *testing.T) {
	shop := shoptest.Open(t, shoptest.Options(t))
	o := options(t)
	client := funded(t, shop.URL, o)
	for range receipts.MaxPage + 3 {
		hash(t, client)
	}
	o.Book, o.Limits.Receipts = filepath.Join(t.TempDir(), "another.db"), receipts.MaxPage
	other := dial(t, shop.URL, o)
	if _, err := other.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if came, err := other.FetchReceipts(t.Context()); !errors.Is(err, agent.ErrLimit) || came == 0 || came > receipts.MaxPage {
		t.Errorf("%d receipts came, %v", came, err)
	}
	if _, err := other.FetchReceipts(t.Context()); err != nil {
		t.Error(err)
	}
}
