package x402

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// fuzz checks a decoder with text of any kind.
func fuzz[D Document](f *testing.F, names string) {
	for _, name := range goldenNames(f, names) {
		f.Add(golden(f, name))
	}
	f.Fuzz(holds[D])
}

func goldenNames(tb testing.TB, pattern string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern+".json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no golden files: %v", err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return files
}

// holds checks that a decoder does not panic, and that what it takes encodes to what
// decodes to the same.
func holds[D Document](t *testing.T, data []byte) {
	first, err := decode[D](data, nil)
	if err != nil {
		if text := err.Error(); strings.Contains(text, "\n") {
			t.Errorf("the message is %q", text)
		}
		return
	}
	encoded, err := marshal(first)
	if err != nil {
		t.Fatalf("%v encoding %+v", err, first)
	}
	// Escapes and spelled-out numbers may take more room than the input did.
	room := WithMaxBytes(8 * DefaultMaxBytes)
	second, err := decode[D](encoded, []Option{room})
	if err != nil {
		t.Fatalf("%v in %s", err, encoded)
	}
	again, err := marshal(second)
	if err != nil || !bytes.Equal(encoded, again) {
		t.Fatalf("%v\n%s\n%s", err, encoded, again)
	}
	header, err := EncodeHeader(first)
	if err != nil {
		t.Fatal(err)
	}
	third, err := DecodeHeader[D](header, room)
	if err != nil || !reflect.DeepEqual(second, third) {
		t.Fatalf("%v\n%+v\n%+v", err, second, third)
	}
}

// FuzzMembers puts any JSON value in the place of any value of the golden documents.
func FuzzMembers(f *testing.F) {
	names := goldenNames(f, "[ps]*-*")
	for i, value := range []string{`null`, `""`, `"0"`, `0`, `1e3`, `[]`, `{}`, `{"a":1}`, `"0x"`, `"0x00"`, `"18446744073709551616"`, `"0x0000000000000000000000000000000000000000"`} {
		f.Add(uint8(i), uint16(i), []byte(value))
	}
	f.Fuzz(func(t *testing.T, file uint8, place uint16, value []byte) {
		if !json.Valid(value) {
			return
		}
		name := names[int(file)%len(names)]
		document := tree(t, golden(t, name))
		places := setters(document, nil)
		places[int(place)%len(places)](json.RawMessage(value))
		data, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(name, "payment-required"):
			holds[PaymentRequired](t, data)
		case strings.HasPrefix(name, "payment-"):
			holds[PaymentPayload](t, data)
		default:
			holds[SettlementResponse](t, data)
		}
	})
}

// setters are the ways to change one value inside v, in a fixed order.
func setters(v any, found []func(any)) []func(any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			found = append(found, func(value any) { v[name] = value })
			found = setters(v[name], found)
		}
	case []any:
		for i := range v {
			found = append(found, func(value any) { v[i] = value })
			found = setters(v[i], found)
		}
	}
	return found
}

func FuzzDecodePaymentRequired(f *testing.F) { fuzz[PaymentRequired](f, "payment-required*") }

func FuzzDecodePaymentPayload(f *testing.F) { fuzz[PaymentPayload](f, "payment-[!r]*") }

func FuzzDecodeSettlementResponse(f *testing.F) { fuzz[SettlementResponse](f, "settlement-*") }

func FuzzDecodeHeader(f *testing.F) {
	for _, header := range []string{"", "e30=", "eyJ4NDAyVmVyc2lvbiI6Mn0=", "=", "e31="} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if payment, err := DecodeHeader[PaymentPayload](header); (payment == nil) == (err == nil) {
			t.Errorf("%+v, %v", payment, err)
		}
	})
}
