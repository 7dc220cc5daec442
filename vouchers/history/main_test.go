package history_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes fewer checks of a model than rapid's own; -rapid.checks makes more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "40"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
