package chain_test

import (
	"os"
	"testing"

	"github.com/chitpay/chit/chain/chaintest"
)

func TestMain(m *testing.M) { os.Exit(chaintest.Run(m)) }
