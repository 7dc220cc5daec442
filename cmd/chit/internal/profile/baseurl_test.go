package profile

import (
	"errors"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/onhttp"
)

func TestAProfileTakesABaseURLThatIsOne(t *testing.T) {
	if p, err := load(t, "baseURL: https://tools.example/api\n"); err != nil || p.BaseURL != "https://tools.example/api" {
		t.Errorf("read %+v, %v", p, err)
	}
	for _, text := range []string{"tools.example", "https://me@tools.example", "https://tools.example/?a=b"} {
		if _, err := load(t, "baseURL: "+text+"\n"); !errors.Is(err, onhttp.ErrBaseURL) || !strings.Contains(err.Error(), "baseURL") {
			t.Errorf("%s: it says %v", text, err)
		}
	}
}
