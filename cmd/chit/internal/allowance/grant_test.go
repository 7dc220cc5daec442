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
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/credit/macaroon"
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

// payer is one with a book of its own.
func payer(t testing.TB) agent.Options {
	return agent.Options{
		Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"),
		Policy: agent.Policy{MaxPrice: agent.Unlimited},
	}
}

// comes is a payer that is at a server, with no channel yet.
func comes(t testing.TB, url string, o agent.Options) (*agent.Client, allowance.Owner) {
	t.Helper()
	client, err := agent.Dial(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, allowance.Owner{Client: client, Key: o.Key, Book: bookOf(t, o)}
}

func bookOf(t testing.TB, o agent.Options) *book.Book {
	t.Helper()
	b, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// owns is a payer with a channel of 5 USDC to a server.
func owns(t testing.TB, url string) (*agent.Client, allowance.Owner) {
	t.Helper()
	return deposits(t, url, payer(t))
}

func deposits(t testing.TB, url string, o agent.Options) (*agent.Client, allowance.Owner) {
	t.Helper()
	client, owner := comes(t, url, o)
	moved, err := client.Deposit(t.Context(), 5*shoptest.USDC)
	if err != nil {
		t.Fatal(err)
	}
	owner.Channel = moved.Channel
	return client, owner
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
		"less was charged":            {swap(`"chargedAmount":"10000"`, `"chargedAmount":"1"`), agent.ErrDishonest, budget},
		"another budget":              {swap(`"budget":"10000"`, `"budget":"1"`), allowance.ErrGrant, budget},
	} {
		t.Run(name, func(t *testing.T) {
			client, owner := owns(t, bent(t, test.change))
			granted, err := owner.Grant(t.Context(), macaroon.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}, "swarm")
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

func TestATopUpOfAGrantIsPaidWithWhatWasTypedAndHeldAgainstTheGrant(t *testing.T) {
	const budget, more = vouchers.Amount(10_000), vouchers.Amount(20_000)
	for name, test := range map[string]struct {
		from, to string
		want     error
		signed   vouchers.Amount
	}{
		"an honest top-up":            {"", "", nil, budget + more},
		"a price above what is typed": {`"amount":"20000"`, `"amount":"4000000"`, agent.ErrPolicy, 2 * budget}, // the last price was tried
		"no grant":                    {`"grant":{`, `"gift":{`, allowance.ErrGrant, budget + more},
		"another grant":               {`"id":"`, `"is":"`, allowance.ErrGrant, budget + more},
		"a budget below the top-up":   {`"budget":"30000"`, `"budget":"10000"`, allowance.ErrGrant, budget + more},
	} {
		t.Run(name, func(t *testing.T) {
			var bends atomic.Bool
			client, owner := owns(t, bent(t, func(raw []byte) []byte {
				if !bends.Load() {
					return raw
				}
				return bytes.ReplaceAll(raw, []byte(test.from), []byte(test.to))
			}))
			bought, err := owner.Grant(t.Context(), macaroon.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}, "swarm")
			if err != nil {
				t.Fatal(err)
			}
			bends.Store(true)
			granted, err := owner.TopUp(t.Context(), bought.Grant.ID, more)
			if !errors.Is(err, test.want) || test.want == nil && granted.Grant.Budget != budget+more {
				t.Errorf("topped up %+v, %v", granted.Grant, err)
			}
			if spent, err := client.Spent(); err != nil || spent.Total+spent.AtRisk != test.signed {
				t.Errorf("spent %+v, %v", spent, err)
			}
		})
	}
}

var (
	tokenText = regexp.MustCompile(`chit_[A-Za-z0-9_-]{60,}`)
	grantID   = regexp.MustCompile(`"id":"[0-9a-f]{32}"`)
)

var asItIs = func(raw []byte) []byte { return raw }

// swapped is an answer with another token than was minted for the grant.
type swapped struct {
	// before is the scope of a grant that the same server, or another one, made before.
	before  *macaroon.Scope
	another bool
	// kept says that the answer names its own grant, and not that of the token.
	kept bool
	// token is what is handed out for an honest and the earlier token.
	token func(t testing.TB, honest, earlier string) string
}

// change makes the grant before, where there is one, and returns what bends the next answer.
func (s swapped) change(t testing.TB, owner allowance.Owner) func(raw []byte) []byte {
	t.Helper()
	given, id := "", []byte(nil)
	if s.before != nil {
		seller := owner
		if s.another {
			_, seller = owns(t, shoptest.Open(t, shoptest.Options(t)).URL)
		}
		granted, err := seller.Grant(t.Context(), *s.before, "before")
		if err != nil {
			t.Fatal(err)
		}
		given, id = granted.Token, fmt.Appendf(nil, `"id":"%s"`, granted.Grant.ID)
	}
	return func(raw []byte) []byte {
		if id != nil && !s.kept {
			raw = grantID.ReplaceAll(raw, id)
		}
		return tokenText.ReplaceAllFunc(raw, func(honest []byte) []byte { return []byte(s.token(t, string(honest), given)) })
	}
}

func TestATokenThatSaysAnythingElseThanWhatWasAskedForIsNotTaken(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	asked := macaroon.Scope{Budget: 10_000, Expires: expires, Tools: []string{"hash"}}
	narrowed := func(to macaroon.Scope) func(testing.TB, string, string) string {
		return func(t testing.TB, honest, _ string) string {
			token, err := macaroon.Parse(honest)
			if err == nil {
				token, err = token.Attenuate(to)
			}
			if err != nil {
				t.Error(err)
			}
			return token.Text()
		}
	}
	earlier := func(_ testing.TB, _, earlier string) string { return earlier }
	for name, test := range map[string]swapped{
		"a smaller budget":      {token: narrowed(macaroon.Scope{Budget: 1})},
		"fewer calls":           {token: narrowed(macaroon.Scope{Calls: 1})},
		"a lower price":         {token: narrowed(macaroon.Scope{PerCall: 1})},
		"another tool":          {before: &macaroon.Scope{Budget: 10_000, Expires: expires, Tools: []string{"primes"}}, token: earlier},
		"every tool":            {before: &macaroon.Scope{Budget: 10_000, Expires: expires}, token: earlier},
		"a later end":           {before: &macaroon.Scope{Budget: 10_000, Expires: expires.Add(time.Hour), Tools: asked.Tools}, token: earlier},
		"another amount":        {before: &macaroon.Scope{Budget: 20_000, Expires: expires, Tools: asked.Tools}, token: earlier},
		"another server":        {before: &asked, another: true, token: earlier},
		"another server's name": {before: &asked, another: true, kept: true, token: earlier},
		"another grant":         {before: &asked, kept: true, token: earlier},
	} {
		t.Run(name, func(t *testing.T) {
			var bend atomic.Pointer[func([]byte) []byte]
			bend.Store(&asItIs)
			client, owner := owns(t, bent(t, func(raw []byte) []byte { return (*bend.Load())(raw) }))
			change := test.change(t, owner)
			bend.Store(&change)
			granted, err := owner.Grant(t.Context(), asked, "now")
			if !errors.Is(err, allowance.ErrGrant) || granted.Token != "" {
				t.Errorf("granted %+v, %v", granted.Grant, err)
			}
			if spent, err := client.Spent(); err != nil || spent.Total+spent.AtRisk < asked.Budget {
				t.Errorf("spent %+v, %v", spent, err)
			}
		})
	}
}
