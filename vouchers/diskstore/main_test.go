package diskstore_test

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(fillEnv); path != "" {
		fillUntilFull(path)
		return
	}
	if path := os.Getenv(pathEnv); path != "" {
		sellUntilKilled(path, os.Getenv(pointEnv))
		return
	}
	// A short run makes fewer checks of the model than rapid's own; -rapid.checks makes more.
	if err := flag.Set("rapid.checks", "40"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
