package escrow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// endpoint is a way to the chain that gives so many logs at most to a query, fails on
// calls that name a channel, and counts the calls of contracts.
type endpoint struct {
	*chain.Client
	most  int
	down  atomic.Bool
	fails atomic.Pointer[vouchers.ChannelID]
	calls atomic.Int64
}

func newEndpoint(t testing.TB, most int) *endpoint {
	t.Helper()
	e := &endpoint{most: most}
	server := httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(server.Close)
	client, err := chain.Dial(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	e.Client = client
	return e
}

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	if e.down.Load() {
		http.Error(w, "bad gateway", http.StatusBadGateway)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var request struct {
		ID     json.RawMessage
		Method string
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return
	}
	if request.Method == "eth_call" {
		e.calls.Add(1)
		if id := e.fails.Load(); id != nil && strings.Contains(string(body), id.Hex()[2:]) {
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"stumbled"}}`, request.ID)
			return
		}
	}
	answer, err := http.Post(net.Anvil.URL(), "application/json", bytes.NewReader(body))
	if err != nil {
		return
	}
	defer func() { _ = answer.Body.Close() }()
	raw, _ := io.ReadAll(answer.Body)
	w.Header().Set("Content-Type", "application/json")
	if request.Method == "eth_getLogs" && strings.Count(string(raw), `"logIndex"`) > e.most {
		raw = fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32005,"message":"query returned more than %d results"}}`, request.ID, e.most)
	}
	_, _ = w.Write(raw)
}

// fills sends many deposits of a unit each in one transaction.
func (p *payer) fills(t testing.TB, times int, config func(i int) vouchers.ChannelConfig) {
	t.Helper()
	own := p.ownSender(t)
	calls := make([][]byte, times)
	for i := range calls {
		c := config(i)
		id := p.Domain().ChannelID(c)
		d := funding.Deposit{Config: c, Amount: 1, ValidBefore: 1 << 40, Salt: funding.NewNonce()}
		if err := d.Sign(t.Context(), p.key, p.token, escrow.Own.Collectors.EIP3009, id); err != nil {
			t.Fatal(err)
		}
		var err error
		if calls[i], err = escrow.DepositCall(p.Contract, d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := own.Send(t.Context(), txmgr.Call{To: escrow.Own.Escrow, Data: abigen.NewEscrow().PackMulticall(calls), Label: "many deposits"}); err != nil {
		t.Fatal(err)
	}
}

func TestABlockFullOfStrangersEventsIsNotAskedFor(t *testing.T) {
	b := newBench(t)
	e := newEndpoint(t, 20)
	p, stranger := b.newPayer(t, ""), b.newPayer(t, "stranger")
	p.deposit(t, 10*usdc)
	b.Contract = escrow.At(e.Client, escrow.Own.Escrow)
	o := observe(t, b)
	o.knows(p)
	stranger.fills(t, 30, func(i int) vouchers.ChannelConfig {
		c := stranger.config
		c.Salt[0] = byte(i)
		return c
	})
	if _, err := p.InitiateWithdraw(t.Context(), p.ownSender(t), p.config, usdc); err != nil {
		t.Fatal(err)
	}
	before := e.calls.Load()
	o.poll()
	o.agrees(p)
	if len(o.alarms) != 1 || e.calls.Load()-before > 2 {
		t.Errorf("the withdrawal is seen %d times, with %d calls", len(o.alarms), e.calls.Load()-before)
	}
}

func TestABlockThatTheEndpointDoesNotGiveIsGoneBehindAndNamed(t *testing.T) {
	b := newBench(t)
	e := newEndpoint(t, 20)
	p, poisoner := b.newPayer(t, ""), b.newPayer(t, "poisoner")
	for _, payer := range []*payer{p, poisoner} {
		payer.deposit(t, 10*usdc)
	}
	b.Contract = escrow.At(e.Client, escrow.Own.Escrow)
	var said bytes.Buffer
	o := observe(t, b)
	o.opts = append(o.opts, watch.WithLogger(slog.New(slog.NewTextHandler(&said, nil))))
	o.restart()
	o.knows(poisoner)
	o.knows(p)
	poisoner.fills(t, 30, func(int) vouchers.ChannelConfig { return poisoner.config })
	if _, err := p.InitiateWithdraw(t.Context(), p.ownSender(t), p.config, usdc); err != nil {
		t.Fatal(err)
	}
	o.poll()
	o.agrees(p)
	o.agrees(poisoner)
	if !strings.Contains(said.String(), "level=ERROR") || !strings.Contains(said.String(), "more events of the escrow than the endpoint gives") {
		t.Errorf("the alarm is %q", said.String())
	}
	said.Reset()
	p.deposit(t, usdc)
	o.poll()
	o.agrees(p)
	if strings.Contains(said.String(), "level=ERROR") {
		t.Errorf("behind the block it says %q", said.String())
	}
}

func TestAClaimInAReceiversNameReadsNothingUnlessItIsBookedForItsAuthorizer(t *testing.T) {
	b := newBench(t)
	e := newEndpoint(t, 1000)
	p, stranger := b.newPayer(t, ""), b.newPayer(t, "stranger")
	p.deposit(t, 10*usdc)
	own := stranger.ownSender(t)
	stranger.config.ReceiverAuthorizer = own.Address()
	stranger.id = b.Domain().ChannelID(stranger.config)
	stranger.deposit(t, 10*usdc)
	through := *b
	through.Contract = escrow.At(e.Client, escrow.Own.Escrow)
	o := observe(t, &through)
	o.knows(p)
	o.signs(p, usdc)
	if _, err := b.ClaimAndSettle(t.Context(), own, []escrow.Claim{stranger.claim(t, 1, 1)}); err != nil {
		t.Fatal(err)
	}
	before := e.calls.Load()
	o.poll()
	if calls := e.calls.Load() - before; calls != 0 {
		t.Errorf("a stranger's claim makes the watcher ask %d times", calls)
	}
	if _, err := b.ClaimAndSettle(t.Context(), b.seller, []escrow.Claim{p.claim(t, usdc, usdc)}); err != nil {
		t.Fatal(err)
	}
	o.poll()
	o.agrees(p)
}

func TestAChannelThatCannotBeReadKeepsNoOtherUnseen(t *testing.T) {
	b := newBench(t)
	p, poisoned := b.newPayer(t, ""), b.newPayer(t, "poisoned")
	poisoned.deposit(t, 10*usdc)
	p.deposit(t, 10*usdc)
	o := observe(t, b)
	o.knows(poisoned)
	o.knows(p)
	poisoned.deposit(t, usdc)
	p.deposit(t, usdc)
	slot := crypto.Keccak256Hash(poisoned.id[:], make([]byte, 32))
	control(t, "anvil_setStorageAt", escrow.Own.Escrow, slot, common.MaxHash) // more than any amount
	o.poll()
	o.agrees(p)
	control(t, "anvil_setStorageAt", escrow.Own.Escrow, slot, common.BigToHash((10 * usdc).Big()))
	if _, err := o.Reconcile(t.Context()); err != nil {
		t.Error(err)
	}
	o.agrees(poisoned)
}

func TestAWatcherThatSeesNothingAlarmsAndStopsTheSelling(t *testing.T) {
	b := newBench(t)
	e := newEndpoint(t, 1000)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	b.Contract = escrow.At(e.Client, escrow.Own.Escrow)
	late := time.Duration(0)
	var said bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	o := observe(t, b, watch.WithClock(func() time.Time { return time.Now().Add(late) }, func(time.Duration) <-chan time.Time {
		stop()
		return nil
	}))
	o.opts = append(o.opts, watch.WithLogger(slog.New(slog.NewTextHandler(&said, nil))))
	late = -(vouchers.MinWithdrawDelay/2 + 10) * time.Second
	o.restart()
	o.knows(p)
	if err := o.charges(p, usdc); err != nil {
		t.Errorf("before the watcher has looked: %v", err)
	}
	control(t, "anvil_mine", 1)
	o.poll()
	if err := o.charges(p, 2*usdc); !errors.Is(err, ledger.ErrUnwatched) {
		t.Errorf("after half of the delay: %v", err)
	}
	if err := o.Resume(); err != nil || o.ledger.Unseen(b.Deployment()) < vouchers.MinWithdrawDelay/2*time.Second {
		t.Errorf("after a restart it was seen %s ago, %v", o.ledger.Unseen(b.Deployment()), err)
	}
	late = 0
	o.poll()
	if err := o.charges(p, 2*usdc); err != nil {
		t.Errorf("when the chain is seen again: %v", err)
	}
	e.down.Store(true)
	late = 3 * time.Minute
	o.Run(ctx)
	if !strings.Contains(said.String(), "level=ERROR") || !strings.Contains(said.String(), "the chain is not seen") {
		t.Errorf("the alarm is %q", said.String())
	}
}
