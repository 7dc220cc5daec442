package diskstore_test

import (
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
	if path := os.Getenv(tillEnv); path != "" {
		tradeUntilKilled(path, os.Getenv(pointEnv))
		return
	}
	goleak.VerifyTestMain(m)
}
