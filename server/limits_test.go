package server_test

import (
	"errors"
	"testing"

	"github.com/chitpay/chit/server"
)

func TestEveryLimitTakesItsDefaultAndNoNonsense(t *testing.T) {
	for name, standard := range server.LimitDefaults() {
		var l server.Limits
		if err := l.Set(name, standard); err != nil {
			t.Errorf("the default of %s: %v", name, err)
		}
		for _, bad := range []string{"", "0", "-1", "many", "1e400", "0x10"} {
			if err := l.Set(name, bad); !errors.Is(err, server.ErrLimit) {
				t.Errorf("%s: %q: %v", name, bad, err)
			}
		}
	}
	if err := new(server.Limits).Set("lookup", "1"); !errors.Is(err, server.ErrLimit) {
		t.Error(err)
	}
}
