package gateway_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestAProgramSeesNoOtherSecretsThanItsOwn(t *testing.T) {
	for name, value := range map[string]string{
		"CHIT_PASSPHRASE": "the-passphrase", "OTHER_KEY": "of-another-upstream", "AWS_SECRET_ACCESS_KEY": "of-the-host",
		"HTTPS_PROXY": "http://user:password@proxy", "MINE": "for-it", "LC_TIME": "C",
	} {
		t.Setenv(name, value)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := sell(t, fmt.Sprintf("prices: {environment: 0.001}\nupstreams:\n  it: {command: %q, env: {%s: it, API_KEY: '${MINE}'}}\n", self, stdioVariable))
	seen := "\n" + textOf(t, buy(t, s.buyer(t), 1_000, "environment", nil)) + "\n"
	for _, secret := range []string{"the-passphrase", "of-another-upstream", "of-the-host", "password", "MINE="} {
		if strings.Contains(seen, secret) {
			t.Errorf("the program sees %q", secret)
		}
	}
	for _, needed := range []string{"\nAPI_KEY=for-it\n", "\nPATH=" + os.Getenv("PATH") + "\n", "\nHOME=", "\nLC_TIME=C\n"} {
		if !strings.Contains(seen, needed) {
			t.Errorf("the program does not see %q", strings.TrimSpace(needed))
		}
	}
}
