package ledger_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPathEnv); path != "" {
		serveUntilKilled(path)
		return
	}
	goleak.VerifyTestMain(m)
}
