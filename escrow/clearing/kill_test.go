package clearing_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// The environment of a process that settles and dies while it does: the URL of the chain, the folder with
// its store and the payments, and at which of its writes it kills itself.
const (
	chainVariable  = "CLEARING_CHAIN"
	folderVariable = "CLEARING_FOLDER"
	writeVariable  = "CLEARING_WRITE"
)

// child submits the payments of its folder, says which are accepted, and waits for all.
func child() int {
	folder := os.Getenv(folderVariable)
	last, _ := strconv.Atoi(os.Getenv(writeVariable))
	if err := settleAll(os.Getenv(chainVariable), folder, int64(last)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func settleAll(url, folder string, last int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := chain.Dial(ctx, url)
	if err != nil {
		return err
	}
	kept, err := diskstore.Open(filepath.Join(folder, "chit.db"))
	if err != nil {
		return err
	}
	store := &doomed{Store: kept, last: last}
	sender, err := txmgr.NewSender(ctx, client, keys.Dev(devnet.Seller), txmgr.WithJournal(bucketJournal{store.Bucket("txs")}))
	if err != nil {
		return err
	}
	house, err := clearing.Open(ctx, clearing.Options{Client: client, Senders: []*txmgr.Sender{sender}, Store: store, Confirmations: 1})
	if err != nil {
		return err
	}
	life, end := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { house.Run(life) })
	failed := submitAll(ctx, house, folder)
	end()
	running.Wait()
	return errors.Join(failed, sender.Close(), kept.Close())
}

// submitAll submits each payment of a folder, and waits for all of them.
func submitAll(ctx context.Context, house *clearing.House, folder string) error {
	payments, err := filepath.Glob(filepath.Join(folder, "*.payment"))
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make([]error, len(payments))
	for i, name := range payments {
		all.Go(func() { failed[i] = submitOne(ctx, house, name) })
	}
	all.Wait()
	return errors.Join(failed...)
}

func submitOne(ctx context.Context, house *clearing.House, name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var t transfer.Transfer
	if err := t.UnmarshalBinary(raw); err != nil {
		return err
	}
	ticket, err := house.Submit(ctx, t, t.Value, nil)
	if err != nil {
		return err
	}
	if err := os.WriteFile(strings.TrimSuffix(name, "payment")+"accepted", nil, 0o600); err != nil {
		return err
	}
	record, err := ticket.Wait(ctx)
	if err == nil && record.State != clearing.Settled {
		err = fmt.Errorf("%s has %s: %s", name, record.State, record.Reason)
	}
	return err
}

// doomed is a store whose process dies at one of its writes: at an odd one before it is
// submitted, at an even one once it is durable.
type doomed struct {
	vouchers.Store
	last   int64 // 0 is never
	writes atomic.Int64
}

func (d *doomed) Submit(u vouchers.Update) vouchers.Ticket {
	return d.dies(func() vouchers.Ticket { return d.Store.Submit(u) })
}

func (d *doomed) dies(submit func() vouchers.Ticket) vouchers.Ticket {
	n := d.writes.Add(1)
	if n == d.last && n%2 == 1 {
		die()
	}
	ticket := submit()
	if n == d.last {
		_ = ticket.Wait(context.Background())
		die()
	}
	return ticket
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (d *doomed) Bucket(name string) vouchers.Bucket { return doomedBucket{d.Store.Bucket(name), d} }

type doomedBucket struct {
	vouchers.Bucket
	store *doomed
}

func (b doomedBucket) Submit(key, value []byte) vouchers.Ticket {
	return b.store.dies(func() vouchers.Ticket { return b.Bucket.Submit(key, value) })
}

func (b doomedBucket) Put(ctx context.Context, key, value []byte) error {
	return b.Submit(key, value).Wait(ctx)
}

func (b doomedBucket) Delete(ctx context.Context, key []byte) error {
	return b.Submit(key, nil).Wait(ctx)
}

// bucketJournal keeps a sender's journal in a store.
type bucketJournal struct{ bucket vouchers.Bucket }

func (j bucketJournal) Put(key, value []byte) error {
	return j.bucket.Put(context.Background(), key, value)
}
func (j bucketJournal) Delete(key []byte) error { return j.bucket.Delete(context.Background(), key) }
func (j bucketJournal) ForEach(visit func(key, value []byte) error) error {
	return j.bucket.ForEach(nil, visit)
}

func TestAProcessThatIsKilledAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	w := ownWorld(t)
	p := newProxy(t, w.net.Anvil.URL())
	folder := t.TempDir()
	payer := w.payer("one", 1000*usdc)
	wave, paid := 0, vouchers.Amount(0)
	// Some new payments before each death, so that each meets some at every stage.
	more := func() {
		wave++
		for i := range 3 {
			raw, err := w.signed(payer, usdc/10).MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%03d-%d.payment", wave, i)), raw, 0o600); err != nil {
				t.Fatal(err)
			}
			paid += usdc / 10
		}
	}
	requests := killEach(t, func(n int) bool { more(); return dieAtRequest(t, p, folder, n) })
	writes := killEach(t, func(n int) bool { more(); return dieAtWrite(t, p, folder, n) })
	if survived := dieAtWrite(t, p, folder, 0); !survived {
		t.Fatal("the last one died")
	}
	if w.paid() != paid {
		t.Errorf("the payee has %s, want %s", w.paid(), paid)
	}
	t.Logf("killed at each of %d requests and %d writes: lost 0, double 0", requests, writes)
}

// killEach kills a process at its first step, at its second one, and so on, until it survives.
func killEach(t *testing.T, at func(n int) (survived bool)) int {
	for n := 1; !t.Failed(); n++ {
		if at(n) {
			return n - 1
		}
	}
	return 0
}

// dieAtWrite runs a process that dies at a write to its store, and reports whether it came to its end before.
func dieAtWrite(t *testing.T, p *proxy, folder string, n int) (survived bool) {
	t.Helper()
	return isOver(t, start(t, p, folder, n).Wait())
}

// dieAtRequest is dieAtWrite at a request to the chain: before an odd one is passed on, after
// an even one was carried out.
func dieAtRequest(t *testing.T, p *proxy, folder string, n int) (survived bool) {
	t.Helper()
	var requests atomic.Int64
	var killed atomic.Bool
	started := make(chan *exec.Cmd, 1)
	p.watches(func(_ string, carriedOut bool) bool {
		if !carriedOut {
			requests.Add(1)
		}
		if int(requests.Load()) < n || carriedOut != (n%2 == 0) || killed.Swap(true) {
			return true
		}
		_ = (<-started).Process.Kill()
		return false
	})
	defer p.watches(nil)
	process := start(t, p, folder, 0)
	started <- process
	return isOver(t, process.Wait())
}

func start(t *testing.T, p *proxy, folder string, write int) *exec.Cmd {
	t.Helper()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), chainVariable+"="+p.URL, folderVariable+"="+folder, writeVariable+"="+strconv.Itoa(write))
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return process
}

// isOver reports whether a process came to its end, and fails if it neither did nor was killed.
func isOver(t *testing.T, err error) bool {
	t.Helper()
	var exit *exec.ExitError
	if err == nil {
		return true
	}
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v", err)
	}
	return false
}
