package allowance_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// bent is a shop whose answers are changed on their way.
func bent(t testing.TB, change func([]byte) []byte) string {
	t.Helper()
	shop := shoptest.Open(t, shoptest.Options(t))
	target, err := url.Parse(strings.TrimSuffix(shop.URL, "/mcp"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		if !strings.Contains(r.Header.Get("Content-Type"), "json") {
			return nil
		}
		raw, err := io.ReadAll(r.Body)
		raw = change(raw)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		r.Header.Set("Content-Length", fmt.Sprint(len(raw)))
		return err
	}
	web := httptest.NewServer(proxy)
	t.Cleanup(web.Close)
	return web.URL + "/mcp"
}

func TestAGrantIsPaidWithWhatWasTypedAndHeldAgainstWhatWasAsked(t *testing.T) {
	const budget = vouchers.Amount(10_000)
	swap := func(from, to string) func([]byte) []byte {
		return func(raw []byte) []byte { return bytes.ReplaceAll(raw, []byte(from), []byte(to)) }
	}
	for name, test := range map[string]struct {
		change func([]byte) []byte
		want   error
		signed vouchers.Amount
	}{
		"an honest grant":             {swap("", ""), nil, budget},
		"a price above what is typed": {swap(`"amount":"10000"`, `"amount":"4000000"`), agent.ErrPolicy, 0},
		"any text for a token":        {swap(`"token":"chit_`, `"token":"chat_`), allowance.ErrGrant, budget},
		"no token":                    {swap(`"token":"chit_`, `"taken":"chit_`), allowance.ErrGrant, budget},
		"no grant":                    {swap(`"grant":{`, `"gift":{`), allowance.ErrGrant, budget},
		"another budget":              {swap(`"budget":"10000"`, `"budget":"1"`), allowance.ErrGrant, budget},
	} {
		t.Run(name, func(t *testing.T) {
			url := bent(t, test.change)
			o := agent.Options{
				Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"),
				Policy: agent.Policy{MaxPrice: agent.Unlimited},
			}
			client, err := agent.Dial(t.Context(), url, o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			moved, err := client.Deposit(t.Context(), 5*shoptest.USDC)
			if err != nil {
				t.Fatal(err)
			}
			owner := allowance.Owner{Client: client, Key: o.Key, Channel: moved.Channel}
			granted, err := owner.Grant(t.Context(), credit.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}, "swarm")
			if !errors.Is(err, test.want) || test.want == nil && granted.Grant.Budget != budget {
				t.Errorf("granted %+v, %v", granted.Grant, err)
			}
			if test.want != nil && granted.Token != "" {
				t.Error("the token is handed out")
			}
			if spent, err := client.Spent(); err != nil || spent.Total+spent.AtRisk != test.signed {
				t.Errorf("spent %+v, %v", spent, err)
			}
		})
	}
}
