package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server"
)

// The environment of a process that settles and may be killed while it does:
// the URL of the chain, the token, and the path of the store.
const (
	childVariable = "CHIT_FAULT_CHILD"
	tokenVariable = "CHIT_FAULT_TOKEN"
	storeVariable = "CHIT_FAULT_STORE"
)

// child opens the shop, settles, and ends.
func child() int {
	o := options(os.Getenv(childVariable), common.HexToAddress(os.Getenv(tokenVariable)), os.Getenv(storeVariable))
	shop, err := server.Open(context.Background(), o)
	if err == nil {
		_, err = shop.Settler.Settle(context.Background(), false)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := shop.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestFaultsOfTheProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	step := 1
	for ; ; step++ {
		w.everybodyBuys()
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
		survived := w.killedAt(step)
		w.open()
		w.finish()
		w.audit()
		if survived || t.Failed() {
			break
		}
	}
	w.passes(fmt.Sprintf("the process is killed at each of %d steps of a settlement", step-1))
}

// killedAt settles in a process that is killed at its n-th request to the chain: before
// an odd one is passed on, after an even one was carried out and before its answer is
// read. It reports whether the process came to its end before that.
func (w *world) killedAt(n int) (survived bool) {
	w.t.Helper()
	var requests atomic.Int64
	return w.killedWhen(func(_ string, sent bool) bool {
		if !sent {
			requests.Add(1)
		}
		return int(requests.Load()) == n && sent == (n%2 == 0)
	})
}

// killedWhen settles in a process that is killed (SIGKILL) at a request to the chain:
// before it is passed on, or after it was carried out (sent). It reports whether the
// process came to its end before that.
func (w *world) killedWhen(isNow func(method string, sent bool) bool) (survived bool) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	process := exec.Command(self)
	process.Env = append(os.Environ(), childVariable+"="+w.proxy.URL, tokenVariable+"="+w.net.Token.Hex(), storeVariable+"="+w.options.Store)
	process.Stderr = os.Stderr
	started := make(chan struct{})
	var killed atomic.Bool
	w.proxy.watches(func(method string, sent bool) {
		if isNow(method, sent) && !killed.Swap(true) {
			<-started
			_ = process.Process.Kill()
			if !sent {
				panic(http.ErrAbortHandler) // it is not passed on
			}
		}
	})
	defer w.proxy.watches(nil)
	if err := process.Start(); err != nil {
		w.t.Fatal(err)
	}
	close(started)
	err = process.Wait()
	if !killed.Load() && err != nil {
		w.t.Fatalf("the settlement fails without a fault: %v", err)
	}
	return !killed.Load()
}
