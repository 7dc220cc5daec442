package short_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// signature has no meaning here: this package does not check it.
func signature() vouchers.Signature {
	return append(crypto.Keccak256([]byte("r")), crypto.Keccak256([]byte("s"))...)
}

func example() *short.Payment {
	return &short.Payment{
		Channel: vouchers.ChannelID(crypto.Keccak256Hash([]byte("channel"))), Ceiling: 1_234_567, Amount: 10_000,
		Signature: signature(), Identifier: "pay_0123456789ABCDEF-x",
	}
}

func TestAPaymentIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := example()
		p.Ceiling = vouchers.Amount(rapid.Uint64().Draw(t, "ceiling"))
		p.Amount = vouchers.Amount(rapid.Uint64().Draw(t, "amount"))
		p.Identifier = rapid.StringMatching(`([A-Za-z0-9_-]{16,128})?`).Draw(t, "identifier")
		text, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if most := 322; len(text) > most {
			t.Errorf("%d characters, at most %d", len(text), most)
		}
		read, err := short.Parse(text)
		if err != nil || read.Channel != p.Channel || read.Ceiling != p.Ceiling || read.Amount != p.Amount ||
			!bytes.Equal(read.Signature, p.Signature) || read.Identifier != p.Identifier {
			t.Errorf("%v: %+v is read as %+v", err, p, read)
		}
	})
}

func TestAPaymentIsShort(t *testing.T) {
	text, err := example().Encode()
	if err != nil || len(text) != 180 {
		t.Errorf("%v: %d characters, want 180 with an identifier of 22", err, len(text))
	}
}

func TestAnAnswerIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string) vouchers.Amount { return vouchers.Amount(rapid.Uint64().Draw(t, name)) }
		p := short.Paid{Charged: amount("charged"), Count: amount("count"), Balance: amount("balance")}
		text := p.Encode()
		if read, err := short.ParsePaid(text); err != nil || read != p || len(text) != 34 {
			t.Errorf("%v: %+v is read as %+v from %s", err, p, read, text)
		}
	})
}

func TestWhatIsNoPaymentIsRefused(t *testing.T) {
	good, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	other := func(from int, c string) string { return good[:from] + c + good[from+len(c):] }
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":                         {"", x402.ErrMalformed},
		"another version":                 {other(0, "Ag"), x402.ErrVersion},
		"a character of another alphabet": {other(40, "+"), x402.ErrMalformed},
		"padding":                         {good[:172] + "==", x402.ErrMalformed},
		"a line break within":             {good[:40] + "\n" + good[40:], x402.ErrMalformed},
		"a line break at the end":         {good + "\n", x402.ErrMalformed},
		"too short for a signature":       {good[:150], x402.ErrMalformed},
		"an identifier of 1 byte":         {good[:152], x402.ErrMalformed},
		"bits left over":                  {good[:178] + "f", x402.ErrMalformed},
		"too long":                        {good + strings.Repeat("A", 200), x402.ErrMalformed},
		"an identifier that is none":      {good[:156] + strings.Repeat("A", 24), x402.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := short.Parse(c.text); !errors.Is(err, c.want) {
				t.Errorf("%v, %+v of %q, want %v", err, p, c.text, c.want)
			}
		})
	}
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	good := short.Paid{Charged: 1, Count: 2, Balance: 3}.Encode()
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":         {"", x402.ErrMalformed},
		"another version": {"Ag" + good[2:], x402.ErrVersion},
		"too short":       {good[:32], x402.ErrMalformed},
		"too long":        {good + "AA", x402.ErrMalformed},
		"bits left over":  {good[:33] + "B", x402.ErrMalformed},
		"a payment":       {strings.Repeat("A", 180), x402.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := short.ParsePaid(c.text); !errors.Is(err, c.want) {
				t.Errorf("%v, %+v of %q, want %v", err, p, c.text, c.want)
			}
		})
	}
}

func TestWhatHasNoShortFormIsNotEncoded(t *testing.T) {
	long, nameless := example(), example()
	long.Signature, nameless.Identifier = append(long.Signature, 27), "too short"
	for _, p := range []*short.Payment{long, nameless} {
		if text, err := p.Encode(); !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("%v, %q of %+v", err, text, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := example().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:151])
	f.Fuzz(func(t *testing.T, text string) {
		p, err := short.Parse(text)
		if err != nil {
			if message := err.Error(); len(message) > 400 || strings.Contains(message, "\n") {
				t.Errorf("the message is %q", message)
			}
			return
		}
		if again, err := p.Encode(); err != nil || again != text {
			t.Errorf("%v: %q is read and written as %q", err, text, again)
		}
	})
}

func FuzzParsePaid(f *testing.F) {
	f.Add(short.Paid{Charged: 1, Count: 2, Balance: 3}.Encode())
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := short.ParsePaid(text); err == nil && p.Encode() != text {
			t.Errorf("%q is read and written as %q", text, p.Encode())
		}
	})
}
