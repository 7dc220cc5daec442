package receipts_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// alone is a receipt that was signed by itself, as sellers sent it before there were batches: the
// JSON, and the key and the value of its record.
func alone(t testing.TB) (text, key, value []byte) {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.TrimSpace(data)
	}
	record := bytes.Fields(read("alone.record"))
	return read("alone.json"), hexutil.MustDecode("0x" + string(record[0])), hexutil.MustDecode("0x" + string(record[1]))
}

func TestAReceiptThatWasSignedAloneIsReadInEachForm(t *testing.T) {
	text, key, value := alone(t)
	object, err := receipts.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := object.Check(authorizer.Address()); err != nil {
		t.Error(err)
	}
	word, err := object.Wire()
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]func() (*receipts.Signed, error){
		"header": func() (*receipts.Signed, error) {
			return receipts.ParseHeader(base64.StdEncoding.EncodeToString(text))
		},
		"record":       func() (*receipts.Signed, error) { return receipts.FromRecord(key, value) },
		"word":         func() (*receipts.Signed, error) { return receipts.ParseWire(word) },
		"quoted word":  func() (*receipts.Signed, error) { return receipts.Parse([]byte(`"` + word + `"`)) },
		"in a header":  func() (*receipts.Signed, error) { return receipts.ParseHeader(word) },
		"its own JSON": func() (*receipts.Signed, error) { return again(t, object) },
	}
	for name, read := range forms {
		if r, err := read(); err != nil || !reflect.DeepEqual(r, object) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if k, v, err := object.Record(); err != nil || !bytes.Equal(k, key) || !bytes.Equal(v, value) {
		t.Errorf("its record has become %x: %x, %v", k, v, err)
	}
}

func again(t testing.TB, r *receipts.Signed) (*receipts.Signed, error) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return receipts.Parse(text)
}

// anyReceipt is one that has, or has not, each of the members that may be zero.
func anyReceipt(r *rapid.T) receipts.Signed {
	maybe := func(name string) bool { return rapid.Bool().Draw(r, name) }
	amount := func(name string) vouchers.Amount { return vouchers.Amount(rapid.Uint64().Draw(r, name)) }
	s := numbered(rapid.Uint64Min(1).Draw(r, "sequence"))
	s.Network = vouchers.Deployment{ChainID: rapid.Uint64Min(1).Draw(r, "chain")}.Network()
	s.Charged, s.Cumulative = amount("charged"), amount("cumulative")
	s.Resource, s.IssuedAt = rapid.StringN(-1, -1, receipts.MaxResource).Draw(r, "resource"), uint64(rapid.Uint32().Draw(r, "issued"))
	s.Request[5] = rapid.Byte().Draw(r, "request")
	if maybe("ceiling") {
		s.Ceiling = amount("ceiling")
	}
	if maybe("grant") {
		s.Grant[0] = rapid.Byte().Draw(r, "grant id")
	}
	if maybe("token") {
		s.Token[15] = rapid.Byte().Draw(r, "token id")
	}
	if maybe("first") {
		s.Previous = common.Hash{}
	}
	return s
}

func TestAReceiptOfABatchSurvivesEachForm(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := make([]receipts.Signed, rapid.IntRange(1, 9).Draw(r, "receipts"))
		for i := range all {
			all[i] = numbered(uint64(i + 1))
		}
		all[0] = anyReceipt(r)
		all, _ = together(t, new(receipts.Proofs), all...)
		want := &all[0]
		key, value, err := want.Record()
		word, wireErr := want.Wire()
		if err := errors.Join(err, wireErr); err != nil {
			r.Fatal(err)
		}
		stored, storedErr := receipts.FromRecord(key, value)
		sent, sentErr := receipts.ParseHeader(word)
		shown, shownErr := again(t, want)
		if err := errors.Join(storedErr, sentErr, shownErr); err != nil || !reflect.DeepEqual(stored, want) || !reflect.DeepEqual(sent, want) || !reflect.DeepEqual(shown, want) {
			r.Fatalf("%+v became %+v, %+v and %+v, %v", want, stored, sent, shown, err)
		}
		if err := sent.Check(authorizer.Address()); err != nil {
			r.Error(err)
		}
	})
}

func TestWhatIsNoReceiptOnTheWireIsRefused(t *testing.T) {
	all, _ := together(t, new(receipts.Proofs), numbered(1), numbered(2))
	good, err := all[0].Wire()
	if err != nil {
		t.Fatal(err)
	}
	const flags, previous = 41, 64 // where they are in it
	change := func(with func([]byte) []byte) string {
		b, err := base64.RawURLEncoding.DecodeString(good)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(with(b))
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"no base64":         "Ag!",
		"padding":           good + "=",
		"a line break":      good[:8] + "\n" + good[8:],
		"a version to come": change(func(b []byte) []byte { b[0] = 3; return b }),
		"a zero that is written": change(func(b []byte) []byte {
			b[flags] |= 8
			return slices.Insert(b, previous, make([]byte, 32)...)
		}),
		"unknown bits":    change(func(b []byte) []byte { b[flags] |= 0x80; return b }),
		"cut off":         good[:120],
		"only its number": good[:54],
		"endless":         good + strings.Repeat("A", receipts.MaxWire),
		"too long a name": good + strings.Repeat("QUFB", 400),
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := receipts.ParseWire(text); !errors.Is(err, receipts.ErrFormat) {
				t.Errorf("%q is %+v, %v", text, r, err)
			}
		})
	}
	long := all[0]
	long.Resource = strings.Repeat("x", receipts.MaxResource+1)
	if _, err := long.Wire(); !errors.Is(err, receipts.ErrFormat) {
		t.Errorf("too long a name is written: %v", err)
	}
	if _, _, err := long.Record(); !errors.Is(err, receipts.ErrFormat) {
		t.Errorf("too long a name is kept: %v", err)
	}
}

func FuzzWire(f *testing.F) {
	all, _ := together(f, new(receipts.Proofs), numbered(1), numbered(2), numbered(3))
	for _, r := range all {
		word, err := r.Wire()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(word)
	}
	text, _, _ := alone(f)
	f.Add(base64.StdEncoding.EncodeToString(text))
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := receipts.ParseWire(text); err == nil {
			if again, err := r.Wire(); err != nil || again != text {
				t.Errorf("%q is written as %q, %v", text, again, err)
			}
		} else if !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
		r, err := receipts.ParseHeader(text)
		if err != nil {
			if !errors.Is(err, receipts.ErrFormat) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if err := r.Check(authorizer.Address()); err == nil && r.Charged != 1 {
			t.Errorf("somebody has forged a receipt: %q", text)
		}
	})
}
