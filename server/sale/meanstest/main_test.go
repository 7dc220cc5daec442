package meanstest_test

import (
	"testing"

	"github.com/chitpay/chit/server/shoptest"
)

// TestMain starts a chain that x402's first version has a name for.
func TestMain(m *testing.M) { shoptest.Main(m, "--chain-id", "84532") }
