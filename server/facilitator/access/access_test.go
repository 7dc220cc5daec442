package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/vouchers/diskstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const base, other = "eip155:8453", "eip155:10"

// gate is an access whose store is a folder, and whose clock stands still.
type gate struct {
	testing.TB
	path string
	at   time.Time
	keys []access.Key

	store *diskstore.Store
	*access.Access
}

// newGate has a key, and its secret.
func newGate(t testing.TB, limits access.Limits) (g *gate, secret string) {
	t.Helper()
	secret, hash := access.Generate()
	g = &gate{
		TB: t, path: filepath.Join(t.TempDir(), "store"), at: time.Date(2030, 5, 6, 22, 0, 0, 0, time.UTC),
		keys: []access.Key{{Name: "shop", Hash: hash, Limits: limits, Receivers: []common.Address{{1}}}},
	}
	g.open()
	t.Cleanup(func() { g.close(g.path) })
	return g, secret
}

func (g *gate) open() {
	g.Helper()
	var err error
	if g.store, err = diskstore.Open(g.path); err != nil {
		g.Fatal(err)
	}
	if g.Access, err = access.Open(g.store, g.keys, func() time.Time { return g.at }); err != nil {
		g.Fatal(err)
	}
}

// close closes the store; the next one opens what is at path.
func (g *gate) close(path string) {
	g.Helper()
	if err := errors.Join(g.Access.Close(g.Context()), g.store.Close()); err != nil && g.Context().Err() == nil {
		g.Error(err)
	}
	g.path = path
}

// reopen is a restart.
func (g *gate) reopen() {
	g.Helper()
	g.close(g.path)
	g.open()
}

// kill goes on with what the store holds at this moment, as after kill -9.
func (g *gate) kill() {
	g.Helper()
	copied := filepath.Join(g.TempDir(), "killed")
	if err := g.store.Bucket("other").Put(g.Context(), []byte("sync"), nil); err != nil {
		g.Fatal(err)
	}
	if err := os.CopyFS(copied, os.DirFS(g.path)); err != nil {
		g.Fatal(err)
	}
	g.close(copied)
	g.open()
}

func (g *gate) admit(header string) (facilitator.Caller, error) {
	r := httptest.NewRequest(http.MethodPost, "/settle", nil)
	r.Header.Set("Authorization", header)
	return g.Admit(r)
}

// caller is who has the key.
func (g *gate) caller(secret string) facilitator.Caller {
	g.Helper()
	c, err := g.admit("Bearer " + secret)
	if err != nil {
		g.Fatal(err)
	}
	return c
}

// limited holds that an error is a limit of a name, and when there is room again.
func (g *gate) limited(err error, name string, after time.Duration) {
	g.Helper()
	var limit *facilitator.LimitError
	if !errors.As(err, &limit) || !strings.HasPrefix(limit.What, name+",") || limit.RetryAfter != after {
		g.Errorf("the error is %v (%+v), want %s and to come back after %s", err, limit, name, after)
	}
}

func TestAKeyIsAdmittedByItsSecretAlone(t *testing.T) {
	g, secret := newGate(t, access.Limits{})
	if c := g.caller(secret); c.Name() != "shop" || !c.SignsFor(common.Address{1}) || c.SignsFor(common.Address{2}) {
		t.Errorf("the caller is %+v", c)
	}
	if _, err := g.admit("bearer " + secret); err != nil {
		t.Errorf("the name of the scheme has any case: %v", err)
	}
	unknown, _ := access.Generate()
	for name, header := range map[string]string{
		"nothing": "", "no scheme": secret, "another scheme": "Basic " + secret, "an unknown key": "Bearer " + unknown,
		"half of it": "Bearer " + secret[:len(secret)-1], "more than it": "Bearer " + secret + "a",
		"its hash": "Bearer " + g.keys[0].Hash.String(), "a huge one": "Bearer " + strings.Repeat("a", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := g.admit(header); !errors.Is(err, facilitator.ErrUnauthorized) || err != nil && strings.Contains(err.Error(), secret[8:]) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestCallsOfAMinuteAreBounded(t *testing.T) {
	g, secret := newGate(t, access.Limits{CallsPerMinute: 3})
	for range 3 {
		g.caller(secret)
	}
	_, err := g.admit("Bearer " + secret)
	g.limited(err, "callsPerMinute", 20*time.Second)
	g.at = g.at.Add(20 * time.Second)
	g.caller(secret)
	if u := g.Usage(); u[0].Calls != 4 {
		t.Errorf("what was refused was counted: %+v", u)
	}
}

func TestCallsOfADayAreBoundedOverRestartsAndKills(t *testing.T) {
	g, secret := newGate(t, access.Limits{CallsPerDay: 1000})
	for range 400 {
		g.caller(secret)
	}
	g.reopen()
	if u := g.Usage()[0]; u.Calls != 400 {
		t.Errorf("after a restart there were %d calls", u.Calls)
	}
	g.caller(secret)
	g.kill()
	if u := g.Usage()[0]; u.Calls < 401 || u.Calls > 405 {
		t.Errorf("after a kill there were %d calls", u.Calls)
	}
	for g.Usage()[0].Calls < 1000 {
		g.caller(secret)
	}
	_, err := g.admit("Bearer " + secret)
	g.limited(err, "callsPerDay", 2*time.Hour)
	g.at = g.at.Add(2 * time.Hour)
	g.caller(secret)
	g.at = g.at.Add(-time.Second)
	if u := g.Usage()[0]; u.Calls != 1 {
		t.Errorf("a clock that was set back has begun a day: %+v", u)
	}
	g.at = g.at.Add(-48 * time.Hour)
	if u := g.Usage()[0]; u.Calls != 0 {
		t.Errorf("a clock that was days ahead keeps its day: %+v", u)
	}
}

func TestGasIsSetAsideAndCorrectedByWhatWasUsed(t *testing.T) {
	g, secret := newGate(t, access.Limits{GasPerDay: 1000})
	c := g.caller(secret)
	reserve := func(network string, gas uint64) func(uint64) {
		t.Helper()
		done, err := c.Reserve(network, gas)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	first := reserve(base, 600)
	_, err := c.Reserve(base, 401)
	g.limited(err, "gasPerDay", 5*time.Second)
	reserve(other, 1000)(0) // each chain has its own
	if _, err := c.Reserve(base, 1001); !errors.Is(err, facilitator.ErrForbidden) {
		t.Errorf("more than a day has: %v", err)
	}
	first(250)
	reserve(base, 750)(750)
	_, err = c.Reserve(base, 1)
	g.limited(err, "gasPerDay", 2*time.Hour)
	g.kill()
	c = g.caller(secret)
	_, err = c.Reserve(base, 1)
	g.limited(err, "gasPerDay", 2*time.Hour)
	g.at = g.at.Add(2 * time.Hour)
	g.Spent("shop", base, 990) // of a payment that the last process has begun
	g.Spent("nobody", base, 1)
	_, err = c.Reserve(base, 11)
	g.limited(err, "gasPerDay", 24*time.Hour)
	reserve(base, 10)
	if u := g.Usage()[0]; u.Gas[base] != 990 || u.Reserved[base] != 10 || u.Total[base] != 990 {
		t.Errorf("the usage is %+v", u)
	}
}

func TestGasIsNotGivenTwiceToCallersAtOnce(t *testing.T) {
	g, secret := newGate(t, access.Limits{GasPerDay: 1000})
	c := g.caller(secret)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if done, err := c.Reserve(base, 100); err == nil {
				done(100)
			}
		})
	}
	group.Wait()
	if u := g.Usage()[0]; u.Gas[base] != 1000 || u.Reserved[base] != 0 {
		t.Errorf("the usage is %+v", u)
	}
}

func TestWhatKeysHaveUsedThatAreGoneIsRemoved(t *testing.T) {
	g, secret := newGate(t, access.Limits{})
	g.caller(secret)
	_, hash := access.Generate()
	g.keys = []access.Key{{Name: "second", Hash: hash}}
	stored := func() (names []string) {
		if err := g.store.Bucket(access.Bucket).ForEach(nil, func(key, _ []byte) error {
			names = append(names, string(key))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return names
	}
	g.reopen()
	if names := stored(); len(names) != 1 || names[0] != "shop" {
		t.Errorf("on the same day there is %v", names)
	}
	g.at = g.at.Add(24 * time.Hour)
	g.reopen()
	if names := stored(); len(names) != 1 || names[0] != "second" {
		t.Errorf("a day later there is %v", names)
	}
}

func TestMetricsAreForKeysThatWatch(t *testing.T) {
	g, secret := newGate(t, access.Limits{})
	watching, hash := access.Generate()
	g.keys = append(g.keys, access.Key{Name: "prometheus", Hash: hash, Watches: true})
	g.reopen()
	for header, want := range map[string]error{"": facilitator.ErrUnauthorized, "Bearer " + secret: facilitator.ErrForbidden, "Bearer " + watching: nil} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Authorization", header)
		if err := g.Watch(r); !errors.Is(err, want) {
			t.Errorf("the answer is %v, want %v", err, want)
		}
	}
}

func TestKeysThatDoNotGoTogetherAreRefused(t *testing.T) {
	_, one := access.Generate()
	_, two := access.Generate()
	for name, keys := range map[string][]access.Key{
		"none": nil, "no name": {{Hash: one}}, "a name of other characters": {{Name: "a b", Hash: one}}, "a name that is too long": {{Name: strings.Repeat("a", 33), Hash: one}},
		"no hash": {{Name: "a"}}, "a name twice": {{Name: "a", Hash: one}, {Name: "a", Hash: two}}, "a hash twice": {{Name: "a", Hash: one}, {Name: "b", Hash: one}},
		"too many": make([]access.Key, access.MaxKeys+1),
	} {
		t.Run(name, func(t *testing.T) {
			store, err := diskstore.Open(filepath.Join(t.TempDir(), "store"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			if _, err := access.Open(store, keys, nil); !errors.Is(err, access.ErrKey) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAHashIsReadAsItIsWritten(t *testing.T) {
	secret, hash := access.Generate()
	if back, err := access.ParseHash(hash.String()); err != nil || back != hash {
		t.Errorf("%s is read as %s, %v", hash, back, err)
	}
	for _, text := range []string{"", secret, hash.String()[7:], hash.String() + "00", "sha256:zz"} {
		if _, err := access.ParseHash(text); !errors.Is(err, access.ErrKey) || len(text) > 0 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if second, _ := access.Generate(); second == secret {
		t.Error("two keys are the same")
	}
	if said := fmt.Sprint(hash); strings.Contains(said, secret[8:]) {
		t.Errorf("the hash is %s", said)
	}
}

func FuzzAdmit(f *testing.F) {
	g, secret := newGate(f, access.Limits{})
	for _, seed := range []string{"", "Bearer", "Bearer " + secret[:20], "Basic YTpi", "Bearer chit_fk_"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if _, err := g.admit(header); !errors.Is(err, facilitator.ErrUnauthorized) {
			t.Errorf("%q: %v", header, err)
		}
	})
}
