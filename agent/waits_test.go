package agent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/server/shoptest"
)

// held takes the lock of a file, as another process has it, until the test calls back.
func held(t testing.TB, path string) (back func()) {
	t.Helper()
	lock := flock.New(path)
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	}
}

// bookHeld is held for a book.
func bookHeld(t testing.TB, path string) (back func()) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// prompt is how soon a wait has to end with its context. A lock by itself is waited for
// longer than that.
const prompt = 3 * time.Second

// ended fails the test unless f comes back because its context has ended, and soon.
func ended(t testing.TB, where string, f func(context.Context) error) {
	t.Helper()
	stop := errors.New("somebody has pressed Ctrl-C")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, stop)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	<-ctx.Done()
	select {
	case err := <-done:
		if !errors.Is(err, stop) {
			t.Errorf("%s: while another process holds the lock it came to %v", where, err)
		}
	case <-time.After(prompt):
		t.Fatalf("%s: %s after the context has ended it still waits for another process", where, prompt)
	}
}

func TestAWaitForAnotherProcessEndsWithItsContext(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	o.Policy.Total = usdc
	client := funded(t, shop.URL, o)
	call := func(ctx context.Context) error {
		_, _, err := client.CallTool(ctx, "work", nil)
		return err
	}
	if err := call(t.Context()); err != nil {
		t.Fatal(err)
	}

	back := bookHeld(t, o.Book)
	ended(t, "the book is opened", func(ctx context.Context) error {
		_, err := book.Open(ctx, o.Book)
		return err
	})
	ended(t, "a call asks the budget", call)
	var others sync.WaitGroup
	const beside = 4
	for range beside { // whose holds are decided together
		others.Go(func() {
			if err := call(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	ended(t, "a call asks the budget beside others", call)
	back()
	others.Wait()

	back = held(t, boardOf(t, o.Book))
	ended(t, "a call is signed", call)
	back()
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}

	other := dial(t, shop.URL, o)
	back = held(t, boardOf(t, o.Book))
	ended(t, "a channel is opened", func(ctx context.Context) error {
		_, _, err := other.CallTool(ctx, "work", nil)
		return err
	})
	back()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	client = dial(t, shop.URL, o)
	if err := call(t.Context()); err != nil {
		t.Errorf("after all of it a call comes to %v", err)
	}
	holds(t, shop, 10*usdc, (2+beside)*price)
	if spent, err := client.Spent(); err != nil || spent.Total != (2+beside)*price || spent.AtRisk != 0 {
		t.Errorf("spent are %+v, %v", spent, err)
	}
}

func TestAWaitForTheWalletOfAnotherProcessEndsWithItsContext(t *testing.T) {
	wallet := agent.Wallet{Dir: t.TempDir(), Passphrase: func(string) (string, error) { return "secret", nil }}
	back := held(t, filepath.Join(wallet.Dir, ".lock"))
	ended(t, "a session key is made", func(ctx context.Context) error {
		_, err := wallet.SessionKey(ctx, common.Address{})
		return err
	})
	back()
}

// boardOf is the file that a book's processes share the account of its only channel in.
func boardOf(t testing.TB, book string) string {
	t.Helper()
	files, err := os.ReadDir(book + ".live")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if len(file.Name()) == len(common.Hash{}.Hex()) {
			return filepath.Join(book+".live", file.Name())
		}
	}
	t.Fatalf("%s has no accounts", book)
	return ""
}
