package clearing_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
)

const usdc = vouchers.Amount(1_000_000)

var net *devnet.Net

func TestMain(m *testing.M) {
	if os.Getenv(chainVariable) != "" {
		os.Exit(child())
	}
	var err error
	if net, err = devnet.Start(context.Background(), 0, func(string, ...any) {}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := net.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// world is a chain with a house on it, and the store that the house has.
type world struct {
	testing.TB
	net     *devnet.Net
	token   funding.Token
	path    string
	store   *diskstore.Store
	journal *journal
	options clearing.Options
	payee   common.Address

	*clearing.House
	stop func()
}

// newWorld is on the chain of all tests; its house is not open yet.
func newWorld(t testing.TB) *world { return worldOn(t, net) }

// ownWorld has a chain of its own.
func ownWorld(t testing.TB, args ...string) *world {
	t.Helper()
	own, err := devnet.Start(t.Context(), 0, func(string, ...any) {}, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	return worldOn(t, own)
}

func worldOn(t testing.TB, on *devnet.Net) *world {
	t.Helper()
	token, err := funding.ReadToken(t.Context(), on.Client, on.Token)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		TB: t, net: on, token: token, path: filepath.Join(t.TempDir(), "chit.db"), journal: newJournal(), stop: func() {},
		payee: common.BytesToAddress(crypto.Keccak256([]byte("payee of " + t.Name()))),
	}
	w.options = clearing.Options{Client: on.Client, Confirmations: 1}
	if testing.Verbose() {
		w.options.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	t.Cleanup(func() { w.stop() })
	return w
}

// open opens the house with one sender, unless there are others, and runs it.
func (w *world) open() *world {
	w.Helper()
	w.prepare()
	w.run()
	return w
}

// run runs the house.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	closing := w.stop
	w.stop = func() {
		cancel()
		running.Wait()
		closing()
	}
}

// prepare opens the house and does not run it.
func (w *world) prepare() {
	w.Helper()
	var err error
	if w.store, err = diskstore.Open(w.path); err != nil {
		w.Fatal(err)
	}
	o := w.options
	o.Store = w.store
	if o.Senders == nil {
		o.Senders = []*txmgr.Sender{w.sender(keys.Dev(devnet.Seller), txmgr.WithJournal(w.journal))}
	}
	senders := o.Senders
	w.stop = func() {
		for _, s := range senders {
			_ = s.Close()
		}
		if err := w.store.Close(); err != nil {
			w.Error(err)
		}
		w.stop = func() {}
	}
	if w.House, err = clearing.Open(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}

func (w *world) sender(key keys.Signer, opts ...txmgr.Option) *txmgr.Sender {
	w.Helper()
	s, err := txmgr.NewSender(w.Context(), w.options.Client, key, opts...)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// payer is an account with money.
func (w *world) payer(name string, money vouchers.Amount) keys.Signer {
	w.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(w.Name() + name)))
	if err != nil {
		w.Fatal(err)
	}
	key := keys.NewSigner(private)
	if money > 0 {
		if err := w.net.Mint(w.Context(), key.Address(), money); err != nil {
			w.Fatal(err)
		}
	}
	return key
}

// signed is a transfer of a payer, good for an hour.
func (w *world) signed(by keys.Signer, amount vouchers.Amount, change ...func(*transfer.Transfer)) transfer.Transfer {
	w.Helper()
	t := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: w.net.Client.ChainID(), Token: w.net.Token, From: by.Address(), To: w.payee, Value: amount,
		ValidBefore: uint64(time.Now().Add(time.Hour).Unix()), Nonce: transfer.NewNonce(),
	}
	for _, c := range change {
		c(&t)
	}
	if err := t.Sign(w.Context(), by, w.token); err != nil {
		w.Fatal(err)
	}
	return t
}

// submit accepts a transfer.
func (w *world) submit(t transfer.Transfer) *clearing.Ticket {
	w.Helper()
	ticket, err := w.Submit(w.Context(), t, t.Value, nil)
	if err != nil {
		w.Fatal(err)
	}
	return ticket
}

// settles waits until a transfer has settled, and returns its record.
func (w *world) settles(ticket *clearing.Ticket) clearing.Record {
	w.Helper()
	record := w.ends(ticket)
	if record.State != clearing.Settled {
		w.Fatalf("the payment has %s: %s", record.State, record.Reason)
	}
	return record
}

func (w *world) ends(ticket *clearing.Ticket) clearing.Record {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	record, err := ticket.Wait(ctx)
	if err != nil {
		w.Fatal(err)
	}
	return record
}

// patience is for how long a test waits for what has to come.
const patience = 30 * time.Second

// until polls for something that the house or the chain brings about.
func (w *world) until(what string, ready func() bool) {
	w.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		if time.Now().After(deadline) {
			w.Fatalf("%s did not come", what)
		}
		<-tick.C
	}
}

// control sends the world's chain a command of anvil's own.
func (w *world) control(method string, args ...any) {
	w.Helper()
	if err := w.net.Control(w.Context(), method, args...); err != nil {
		w.Fatal(err)
	}
}

// rawTransaction is a signed transaction of the chain.
func (w *world) rawTransaction(tx common.Hash) hexutil.Bytes {
	w.Helper()
	client, err := rpc.DialContext(w.Context(), w.net.Anvil.URL())
	if err != nil {
		w.Fatal(err)
	}
	defer client.Close()
	var raw hexutil.Bytes
	if err := client.CallContext(w.Context(), &raw, "eth_getRawTransactionByHash", tx); err != nil {
		w.Fatal(err)
	}
	return raw
}

// paid is what the payee has.
func (w *world) paid() vouchers.Amount {
	w.Helper()
	balance, err := w.token.Balance(w.Context(), w.net.Client, w.payee)
	if err != nil {
		w.Fatal(err)
	}
	return balance
}

// journal is a sender's memory that outlives it.
type journal struct {
	mu      sync.Mutex
	entries map[string][]byte
}

func newJournal() *journal { return &journal{entries: make(map[string][]byte)} }

func (j *journal) Put(key, value []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries[string(key)] = append([]byte(nil), value...)
	return nil
}

func (j *journal) Delete(key []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.entries, string(key))
	return nil
}

func (j *journal) ForEach(visit func(key, value []byte) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for k, v := range j.entries {
		if err := visit([]byte(k), v); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries)
}
