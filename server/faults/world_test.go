package faults_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

const usdc = vouchers.Amount(1_000_000)

// funder submits deposits that do not go through the shop.
const funder = 9

// world is a chain, a shop that reaches it through a proxy, and payers.
type world struct {
	t       testing.TB
	net     *devnet.Net
	proxy   *proxy
	escrow  *escrow.Contract
	token   funding.Token
	funder  *txmgr.Sender
	options server.Options
	shop    *server.Shop
	payers  []*payer
	met     map[string]uint64 // limits of shops that were closed
}

// payer is somebody with a channel, and what it was charged.
type payer struct {
	key     keys.Signer
	config  vouchers.ChannelConfig
	id      vouchers.ChannelID
	charged vouchers.Amount
}

func newWorld(t testing.TB, payers int) *world {
	t.Helper()
	w := newChain(t)
	w.open()
	for i := range payers {
		w.join(fmt.Sprintf("payer %d", i), 10*usdc)
	}
	return w
}

// newChain is a world without a shop.
func newChain(t testing.TB) *world {
	t.Helper()
	net, err := devnet.Start(context.Background(), 0, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, net: net, met: make(map[string]uint64), proxy: newProxy(t, net.Anvil.URL(), 1), escrow: escrow.At(net.Client, escrow.Own.Escrow)}
	if w.funder, err = txmgr.NewSender(t.Context(), net.Client, keys.Dev(funder)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.close(), w.funder.Close(), net.Stop()); err != nil {
			t.Error(err)
		}
	})
	if w.token, err = funding.ReadToken(t.Context(), net.Client, net.Token); err != nil {
		t.Fatal(err)
	}
	w.options = options(w.proxy.URL, net.Token, filepath.Join(t.TempDir(), "server.db"))
	return w
}

// options are those of the shop, also in a process of its own.
func options(url string, token common.Address, store string) server.Options {
	return server.Options{
		RPC: url, Key: keys.Dev(devnet.Seller), PayTo: keys.Dev(devnet.Receiver).Address(), Token: token, Store: store,
		WithdrawDelay: vouchers.MinWithdrawDelay, StuckAfter: 150 * time.Millisecond, Logger: logger(),
		Settlement: settle.Policy{IdleAfter: time.Nanosecond},
	}
}

// logger shows what the shop says where CHIT_FAULT_LOG is set.
func logger() *slog.Logger {
	if os.Getenv("CHIT_FAULT_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.shop, err = server.Open(w.t.Context(), w.options); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() error {
	if w.shop == nil {
		return nil
	}
	shop := w.shop
	w.shop = nil
	for limit, times := range shop.LimitHits() {
		w.met[limit] += times
	}
	return shop.Close()
}

// restart is a restart of the server, which compares its books with the chain.
func (w *world) restart() {
	w.t.Helper()
	if err := w.close(); err != nil {
		w.t.Fatal(err)
	}
	w.open()
	if _, err := w.shop.Reconcile(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

// join makes a payer with so much in its channel.
func (w *world) join(name string, balance vouchers.Amount) *payer {
	w.t.Helper()
	p, err := w.fundedPayer(name, balance)
	if err != nil {
		w.t.Fatal(err)
	}
	w.knows(p)
	return p
}

// fundedPayer makes a payer with money of its own, and so much of it in its channel.
func (w *world) fundedPayer(name string, balance vouchers.Amount) (*payer, error) {
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(name)))
	if err != nil {
		return nil, err
	}
	p := w.payerOf(keys.NewSigner(private))
	w.control(nil, "anvil_setBalance", p.key.Address(), "0xde0b6b3a7640000")
	if err := w.net.Mint(w.t.Context(), p.key.Address(), 100_000*usdc); err != nil {
		return nil, err
	}
	return p, w.fund(p, balance)
}

func (w *world) payerOf(key keys.Signer) *payer {
	p := &payer{key: key, config: vouchers.ChannelConfig{
		Payer: key.Address(), PayerAuthorizer: key.Address(), Receiver: w.options.PayTo,
		ReceiverAuthorizer: w.options.Key.Address(), Token: w.net.Token, WithdrawDelay: w.options.WithdrawDelay,
	}}
	p.id = w.escrow.Domain().ChannelID(p.config)
	return p
}

// knows makes the shop know a payer's channel.
func (w *world) knows(p *payer) {
	w.t.Helper()
	if _, err := w.shop.Ledger.Open(w.t.Context(), w.escrow.Deployment(), p.config, w.state(p)); err != nil {
		w.t.Fatal(err)
	}
	w.payers = append(w.payers, p)
}

func (w *world) deposit(p *payer, amount vouchers.Amount) {
	w.t.Helper()
	if err := w.fund(p, amount); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fund(p *payer, amount vouchers.Amount) error {
	d := funding.Deposit{Config: p.config, Amount: amount, ValidBefore: 1 << 40, Salt: funding.NewNonce()}
	if err := d.Sign(w.t.Context(), p.key, w.token, escrow.Own.Collectors.EIP3009, p.id); err != nil {
		return err
	}
	_, err := w.escrow.Deposit(w.t.Context(), w.funder, d, escrow.Own.Collectors.EIP3009)
	return err
}

func (w *world) state(p *payer) vouchers.ChainState {
	w.t.Helper()
	state, err := w.escrow.State(w.t.Context(), p.config, 1)
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

// buy has a call of the payer charged in full. It reports false if the ledger
// refuses it.
func (w *world) buy(p *payer, price vouchers.Amount) bool {
	w.t.Helper()
	err := w.charge(p, price)
	var refusal *ledger.Refusal
	if err != nil && !errors.As(err, &refusal) {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) charge(p *payer, price vouchers.Amount) error {
	r, err := w.reserve(p, w.countOf(p)+price, price)
	if err != nil {
		return err
	}
	if _, err := r.Commit(w.t.Context(), price, nil); err != nil {
		return err
	}
	p.charged += price
	return nil
}

// countOf is what the shop tells a payer to sign its next voucher over.
func (w *world) countOf(p *payer) vouchers.Amount {
	ch, known := w.shop.Ledger.Channel(p.id)
	if !known {
		return p.charged
	}
	return ch.Count()
}

// reserve has the shop take a voucher of the payer's for a call.
func (w *world) reserve(p *payer, ceiling, price vouchers.Amount) (*ledger.Reservation, error) {
	voucher := vouchers.Voucher{Channel: p.id, Ceiling: ceiling}
	signature, err := p.key.SignHash(w.t.Context(), w.escrow.Domain().VoucherDigest(voucher))
	if err != nil {
		return nil, err
	}
	return w.shop.Ledger.Reserve(w.t.Context(), ledger.Payment{
		Deployment: w.escrow.Deployment(), Config: p.config, Voucher: voucher, Signature: signature, Price: price,
	})
}

// everybodyBuys charges every payer a little, each another sum.
func (w *world) everybodyBuys() {
	w.t.Helper()
	for i, p := range w.payers {
		if !w.buy(p, vouchers.Amount(1_000+i)) {
			w.t.Fatalf("payer %d cannot buy", i)
		}
	}
}

// settle tries once. Whatever it comes to, what it booked is right.
func (w *world) settle() error {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	_, err := w.shop.Settler.Settle(ctx, false)
	return err
}

// finish settles until nothing is left to claim, as a shop does that goes on.
func (w *world) finish() {
	w.t.Helper()
	w.poll()
	for round := range 20 {
		err := w.settle()
		w.poll()
		if err == nil && w.unclaimed() == 0 {
			return
		}
		if round == 19 {
			w.t.Fatalf("%s are unclaimed after %d settlements: %v", w.unclaimed(), round+1, err)
		}
	}
}

// poll lets the watcher catch up, also with a chain that was rewound.
func (w *world) poll() {
	w.t.Helper()
	for range 5 {
		if _, err := w.shop.Watcher.Poll(w.t.Context()); err != nil {
			w.t.Log(err)
		}
	}
}

func (w *world) unclaimed() vouchers.Amount {
	var sum vouchers.Amount
	for ch := range w.shop.Ledger.Channels() {
		sum += ch.Claimable()
	}
	return sum
}

func (w *world) received() vouchers.Amount {
	w.t.Helper()
	have, err := w.token.Balance(w.t.Context(), w.net.Client, w.options.PayTo)
	if err != nil {
		w.t.Fatal(err)
	}
	return have
}

// audit holds the books against the chain: everything charged is claimed once and
// has reached the receiver, and the ledger's view is the chain's.
func (w *world) audit() {
	w.t.Helper()
	var charged vouchers.Amount
	for i, p := range w.payers {
		charged += p.charged
		ch, known := w.shop.Ledger.Channel(p.id)
		state := w.state(p)
		if !known || ch.Charged != p.charged || ch.Claimed != p.charged || state.Claimed != p.charged || ch.Balance != state.Balance || ch.Withdrawal != state.Withdrawal {
			w.t.Errorf("payer %d was charged %s; the ledger has %+v, the chain %+v", i, p.charged, ch, state)
		}
	}
	if got := w.received(); got != charged {
		w.t.Errorf("the receiver has %s, %s were charged", got, charged)
	}
	found, err := w.shop.Reconcile(w.t.Context())
	if err != nil || len(found.Differences) != 0 {
		w.t.Errorf("the books differ from the chain: %+v, %v", found.Differences, err)
	}
	if left := w.shop.Transactions(); len(left) != 0 {
		w.t.Errorf("still on their way: %+v", left)
	}
}

// passes prints the line of a fault that was survived.
func (w *world) passes(name string) {
	w.t.Helper()
	w.finish()
	w.audit()
	if !w.t.Failed() {
		fmt.Printf("fault  %-58s %s claimed once, books equal the chain\n", name, w.received())
	}
}

func (w *world) control(answer any, method string, args ...any) {
	w.t.Helper()
	client, err := rpc.DialContext(w.t.Context(), w.net.Anvil.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	if err := client.CallContext(w.t.Context(), answer, method, args...); err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
}

// until polls for something that the shop brings about.
func until(t testing.TB, what string, ready func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-deadline.C:
			t.Fatalf("%s did not happen", what)
		case <-tick.C:
		}
	}
}
