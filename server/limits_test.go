package server_test

import (
	"errors"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/limits"
)

func TestEveryLimitTakesItsDefaultAndNoNonsense(t *testing.T) {
	for name, standard := range limits.Defaults() {
		var l server.Limits
		if err := l.Set(name, standard); err != nil {
			t.Errorf("the default of %s: %v", name, err)
		}
		for _, bad := range []string{"", "0", "-1", "many", "1e400", "0x10"} {
			if err := l.Set(name, bad); !errors.Is(err, limits.ErrLimit) {
				t.Errorf("%s: %q: %v", name, bad, err)
			}
		}
	}
	if err := new(server.Limits).Set("lookup", "1"); !errors.Is(err, limits.ErrLimit) {
		t.Error(err)
	}
}
