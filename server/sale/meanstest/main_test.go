package meanstest_test

import (
	"testing"

	"github.com/chitpay/chit/server/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }
