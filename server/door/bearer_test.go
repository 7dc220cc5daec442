package door_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/door"
)

func TestATokenIsReadWhereClientsSendTheirKeys(t *testing.T) {
	for _, c := range []struct {
		authorization, key, token string
	}{
		{"Bearer chit_a", "", "chit_a"},
		{"bearer  chit_a", "", "chit_a"},
		{"", " chit_b", "chit_b"},
		{"Bearer chit_a", "chit_b", "chit_a"},
		{"Bearer sk-other", "chit_b", "chit_b"},
		{"Basic chit_a", "sk-other", ""},
		{"", "", ""},
	} {
		header := http.Header{}
		header.Set("Authorization", c.authorization)
		header.Set("X-Api-Key", c.key)
		if token, found := door.Bearer(header); found != (c.token != "") || found && token != c.token {
			t.Errorf("%q, %q: %q, %t", c.authorization, c.key, token, found)
		}
		door.DropBearer(header)
		if token, found := door.Bearer(header); found {
			t.Errorf("%q is left", token)
		}
		for name, given := range map[string]string{"X-Api-Key": c.key, "Authorization": c.authorization} {
			if left := header.Get(name); strings.Contains(given, "sk-other") && left != given {
				t.Errorf("somebody else's key %q became %q", given, left)
			}
		}
	}
}
