package x402

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// agrees checks that a decoder with a memory says what the one without says, at first
// and at second sight.
func agrees(t *testing.T, d *PaymentDecoder, data []byte) {
	t.Helper()
	want, wantErr := DecodePaymentPayload(data)
	for range 2 {
		got, err := d.Decode(data)
		if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%s\nis  %+v, %v\nnot %+v, %v", data, got, err, want, wantErr)
		}
	}
}

// spellings are a document in the ways that JSON leaves open, and what is nearly one.
func spellings(t testing.TB, data []byte) (all [][]byte) {
	t.Helper()
	var compact, indented bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&indented, data, "\t", "\r\n "); err != nil {
		t.Fatal(err)
	}
	text := compact.String()
	all = append(all, data, compact.Bytes(), indented.Bytes())
	for _, change := range [][2]string{
		{`"type"`, `"typ\u0065"`}, {`"voucher"`, `"vo\u0075cher"`}, {`"x402Version":2`, `"x402Version":2.0`}, {`"x402Version":2`, `"x402Version":"2"`},
		{`"x402Version":2`, `"x402Version":2,"x402Version":2`}, {`"withdrawDelay":900`, `"withdrawDelay":900,"withdrawDelay":900`},
		{`"payload":`, `"paylOad":`}, {`"payload":{`, `"payload":{"more":1,`}, {`"payload":{`, `"payload":{"channelConfig":null,`},
		{`{`, `{"more":[{"a":"}"}],`}, {`{`, `{"resource":null,"extensions":null,`}, {`{`, ` {`}, {`}`, `},`}, {`,`, `,,`}, {`:`, `::`}, {`{"`, `{,"`},
		{`"maxClaimableAmount":"`, `"maxClaimableAmount":"0`}, {`"maxClaimableAmount":"2000"`, `"maxClaimableAmount":2000`},
		{`"0x`, `"0X`}, {`"0x`, `"\u0030x`}, {`0x5c`, `0x5C`}, {`8F9aA8`, `8f9aA8`}, {`"accepted":{`, `"accepted":[{`}, {`"accepted":`, `"accepted":null,"a":`},
		{`"extra":{`, `"extra":{"deep":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `,`},
		{`"extra":{`, `"extra":{"deep":` + strings.Repeat("[", 61) + strings.Repeat("]", 61) + `,`},
		{`"extra":{`, `"extra":{"deep":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `,`},
		{`"extra":{`, "\"extra\":{\"odd\":\"\xff\","}, {`"extra":{`, `"extra":{"odd":{"a":1,"a":2},`}, {`]`, `}`}, {`}}`, `}]`},
	} {
		all = append(all, []byte(strings.Replace(text, change[0], change[1], 1)))
	}
	all = append(all, []byte(text+"\n"), []byte(text+"x"), []byte(text+"{}"), []byte(text+strings.Repeat(" ", DefaultMaxBytes)), nil)
	for i := 0; i < len(text); i += 37 {
		all = append(all, []byte(text[:i]))
	}
	return all
}

func TestAPaymentIsTheSameFromADecoderWithAMemory(t *testing.T) {
	var d PaymentDecoder
	quick := 0
	for _, name := range goldenNames(t, "payment-*") {
		for _, data := range spellings(t, golden(t, name)) {
			agrees(t, &d, data)
			if _, ok := d.quickly(data); ok {
				quick++
			}
		}
	}
	if quick < 5 {
		t.Errorf("%d documents were read quickly", quick)
	}
}

func TestADecoderReadsAValueThatIsJSONStillOrIsNot(t *testing.T) {
	var d PaymentDecoder
	data := golden(t, "payment-voucher")
	want, err := DecodePaymentPayload(data)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{json.RawMessage(data), tree} {
		got, err := d.DecodeValue(value)
		if err != nil || got.Payload.(*VoucherPayload).Voucher.ChannelID != want.Payload.(*VoucherPayload).Voucher.ChannelID {
			t.Errorf("a %T is %+v, %v", value, got, err)
		}
	}
}

func TestADecoderForgetsWhatItHasNoRoomFor(t *testing.T) {
	var d PaymentDecoder
	text := string(golden(t, "payment-voucher"))
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range maxRemembered {
				data := []byte(strings.ReplaceAll(text, `"2000"`, fmt.Sprintf(`"%d"`, i+1)))
				data = bytes.ReplaceAll(data, []byte(`d1af9`), fmt.Appendf(nil, "%d%04x", worker, i))
				data = bytes.ReplaceAll(data, []byte(`"1000"`), fmt.Appendf(nil, `"%d%04d"`, worker+1, i))
				if _, ok := d.quickly(data); !ok {
					t.Errorf("not read quickly: %s", data)
				}
				agrees(t, &d, data)
			}
		})
	}
	all.Wait()
	if len(d.accepted.values) != maxRemembered || len(d.channels.values) != maxRemembered || len(d.resources.values) != 1 {
		t.Errorf("%d terms, %d channels, %d resources are remembered", len(d.accepted.values), len(d.channels.values), len(d.resources.values))
	}
	large := strings.Replace(text, "Search the web", strings.Repeat("x", maxRememberedBytes), 1)
	agrees(t, &d, []byte(large))
	if len(d.resources.values) != 1 {
		t.Errorf("a large resource is remembered")
	}
}

// FuzzPaymentDecoder holds a decoder that has seen good payments against none.
func FuzzPaymentDecoder(f *testing.F) {
	var d PaymentDecoder
	for _, name := range goldenNames(f, "payment-[!r]*") {
		for _, data := range spellings(f, golden(f, name)) {
			if len(data) < 8<<10 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { agrees(t, &d, data) })
}
