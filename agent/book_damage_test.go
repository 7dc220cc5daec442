package agent_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers/boltfile"
)

func TestADamagedBookIsAnErrorAndNotANewOne(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 2, 0)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(o.Book)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"an empty one":                {},
		"one that is cut off":         whole[:len(whole)/2],
		"one of which little is left": whole[:5000],
		"one of zeros":                make([]byte, len(whole)),
		"one with damaged pages":      append(bytes.Clone(whole[:8192]), bytes.Repeat([]byte{0xff}, len(whole)-8192)...),
	} {
		o.Book = filepath.Join(t.TempDir(), "agent.db")
		if err := os.WriteFile(o.Book, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first try leaves nothing locked
			if _, err := book.Open(t.Context(), o.Book); !errors.Is(err, boltfile.ErrCorrupt) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if client, err := agent.Dial(t.Context(), shop.URL, o); !errors.Is(err, boltfile.ErrCorrupt) {
			t.Errorf("a client with %s: %v, %v", name, client, err)
		}
		if after, err := os.ReadFile(o.Book); err != nil || !bytes.Equal(after, text) {
			t.Errorf("%s was changed, %v", name, err)
		}
	}
}

func TestManyMakeABookAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := book.Open(t.Context(), path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}
