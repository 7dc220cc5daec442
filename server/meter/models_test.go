package meter_test

import (
	"net/http"
	"testing"

	"github.com/chitpay/chit/server/meter"
	"github.com/chitpay/chit/server/meter/rates"
)

func TestAListHasTheModelsThatAreSoldAndTheirPrices(t *testing.T) {
	sold := rates.Table{"gpt-*": {In: 2_500_000, Out: 10_000_000, Cached: 1, Written: 1_000_000_000_000}}
	const priced = `"pricing":{"prompt":"0.0000025","completion":"0.00001","input_cache_read":"0.000000000001","input_cache_write":"1","internal_reasoning":"0"}`
	for list, want := range map[string]string{
		`{"object":"list","data":[{"id":"gpt-x","object":"model"},{"id":"other"}]}`: `{"data":[{"id":"gpt-x","object":"model",` + priced + `}],"object":"list"}`,
		`{"models":[{"name":"gpt-x"},{"name":1},{}]}`:                               `{"models":[{"name":"gpt-x",` + priced + `}]}`,
		`{"data":[],"has_more":false}`:                                              `{"data":[],"has_more":false}`,
	} {
		if got, err := meter.Models([]byte(list), sold); err != nil || string(got) != want {
			t.Errorf("%s became %s, %v", list, got, err)
		}
	}
	for _, list := range []string{``, `[]`, `{}`, `{"data":1}`, `{"data":[null,2]}`} {
		if got, err := meter.Models([]byte(list), sold); err == nil {
			t.Errorf("%s became %s", list, got)
		}
	}
}

func TestThePatternsOfAPresetServe(t *testing.T) {
	for name, paths := range meter.Presets {
		mux := http.NewServeMux()
		for _, p := range paths {
			mux.Handle(p.Method+" "+p.Path, http.NotFoundHandler())
		}
		if len(paths) < 2 {
			t.Errorf("%s has %d paths", name, len(paths))
		}
	}
}

func FuzzModels(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"gpt-x"},{"id":"other"}]}`))
	f.Fuzz(func(t *testing.T, list []byte) {
		if once, err := meter.Models(list, table); err == nil {
			if again, err := meter.Models(once, table); err != nil || string(again) != string(once) {
				t.Fatalf("%s became %s, then %s: %v", list, once, again, err)
			}
		}
	})
}
