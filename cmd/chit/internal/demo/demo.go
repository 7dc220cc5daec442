// Package demo tells the whole story on real parts: a local chain, the escrow, a shop
// with its store, agents that pay, and a settlement. It checks on chain that every
// atomic unit is where it should be.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/example"
	"github.com/chitpay/chit/vouchers"
)

// What the story is made of.
const (
	usdc     = vouchers.Amount(1_000_000)
	agents   = 10
	workers  = 2  // goroutines of each agent
	calls    = 20 // paid calls of each goroutine
	minted   = 100 * usdc
	perAgent = 20 * usdc
)

// Result is what the story came to. Amounts are atomic USDC, times microseconds.
type Result struct {
	Network   string          `json:"network"`
	Escrow    common.Address  `json:"escrow"`
	Token     common.Address  `json:"token"`
	Agents    int             `json:"agents"`
	Deposited vouchers.Amount `json:"deposited"`
	// Calls is how many calls were paid, Failed how many tools failed and were not
	// charged, Refused how many vouchers were refused.
	Calls   int             `json:"calls"`
	Failed  int             `json:"failed"`
	Refused int             `json:"refused"`
	Charged vouchers.Amount `json:"charged"`
	Claimed vouchers.Amount `json:"claimed"`
	// Received is what the receiver has on chain, Refunded what went back to the agents.
	Received vouchers.Amount `json:"received"`
	Refunded vouchers.Amount `json:"refunded"`
	// Voucher is how long the server took to check a voucher and reserve its price,
	// Call how long an agent waited for a paid call.
	VoucherP50Micros int64       `json:"voucherP50Micros"`
	VoucherP99Micros int64       `json:"voucherP99Micros"`
	CallP50Micros    int64       `json:"callP50Micros"`
	CallP99Micros    int64       `json:"callP99Micros"`
	SettleTx         common.Hash `json:"settleTx"`
	SettleGas        uint64      `json:"settleGas"`
	GasPerChannel    uint64      `json:"gasPerChannel"`
	// Receipts is how many signed receipts prove what was claimed.
	Receipts uint64 `json:"receipts"`
	// Balanced says that every balance was checked on chain and is right.
	Balanced bool `json:"balanced"`
}

// story is a demo that runs.
type story struct {
	step    func(format string, args ...any)
	dir     string
	net     *devnet.Net
	shop    *server.Shop
	url     string
	payers  []keys.Signer
	clients []*agent.Client
	vouches timings
	waits   timings
	result  Result
}

// Run tells the story and says each step. An error leaves nothing running and no
// file behind.
func Run(ctx context.Context, step func(format string, args ...any)) (result Result, err error) {
	s := &story{step: step}
	if s.dir, err = os.MkdirTemp("", "chit-demo-"); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	step("1. a local chain")
	if s.net, err = devnet.Start(ctx, 0, func(format string, args ...any) { step("   "+format, args...) }); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, s.net.Stop()) }()
	err = s.sell(ctx)
	return s.result, err
}

// sell opens the shop, and tells the rest while it is open.
func (s *story) sell(ctx context.Context) (err error) {
	s.shop, err = server.Open(ctx, server.Options{
		RPC: s.net.Anvil.URL(), Key: keys.Dev(devnet.Seller), PayTo: keys.Dev(devnet.Receiver).Address(),
		Token: s.net.Token, Store: filepath.Join(s.dir, "server.db"), Prices: example.Prices,
		WithdrawDelay: vouchers.MinWithdrawDelay, Observe: func(_ string, d time.Duration) { s.vouches.add(d) },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.shop.Close()) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.url = "http://" + listener.Addr().String() + "/mcp"
	tools := mcpserver.NewMCPServer("chit demo", "1")
	example.AddTools(tools)
	s.shop.Sell(tools)

	serving, stop := context.WithCancel(ctx)
	var served error
	var server sync.WaitGroup
	server.Go(func() { served = s.shop.Serve(serving, serverOn(listener), tools, 0) })
	defer func() {
		stop()
		server.Wait()
		err = errors.Join(err, served)
	}()
	s.step("2. a shop sells tools on %s", s.url)
	return s.buy(ctx)
}

func serverOn(listener net.Listener) server.Listeners { return server.Listeners{Public: listener} }

// buy opens the agents' clients, and tells the rest while they are open.
func (s *story) buy(ctx context.Context) (err error) {
	defer func() {
		for _, client := range s.clients {
			err = errors.Join(err, client.Close())
		}
	}()
	for _, chapter := range []func(context.Context) error{
		s.deposit, s.pay, s.fail, s.forge, s.settle, s.refund, s.audit,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) deposit(ctx context.Context) error {
	for range agents {
		private, err := crypto.GenerateKey()
		if err != nil {
			return err
		}
		payer := keys.NewSigner(private)
		if err := s.net.Mint(ctx, payer.Address(), minted); err != nil {
			return err
		}
		client, err := agent.Dial(ctx, s.url, agent.Options{Key: payer, RPC: s.net.Anvil.URL(), Token: s.net.Token})
		if err != nil {
			return err
		}
		s.payers, s.clients = append(s.payers, payer), append(s.clients, client)
		moved, err := client.Deposit(ctx, perAgent)
		if err != nil {
			return err
		}
		s.result.Deposited += moved.Amount
	}
	s.step("3. %d agents deposit %s each; they sign, the shop submits, and they never own any gas", agents, perAgent)
	return nil
}

var menu = []struct {
	tool      string
	arguments map[string]any
}{
	{"hash", map[string]any{"text": "a chit is a signed note of money owed"}},
	{"text_stats", map[string]any{"text": "deposit once, pay every call, settle in batches"}},
	{"primes", map[string]any{"limit": 1000}},
}

func (s *story) pay(ctx context.Context) error {
	began := time.Now()
	errs := make(chan error, agents*workers)
	var all sync.WaitGroup
	for _, client := range s.clients {
		for worker := range workers {
			all.Go(func() { errs <- s.work(ctx, client, worker) })
		}
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	took := time.Since(began)
	s.result.Calls = agents * workers * calls
	s.result.VoucherP50Micros, s.result.VoucherP99Micros = s.vouches.percentile(50), s.vouches.percentile(99)
	s.result.CallP50Micros, s.result.CallP99Micros = s.waits.percentile(50), s.waits.percentile(99)
	s.step("4. %d paid calls by %d goroutines in %s: %.0f a second, each on disk before its answer left", s.result.Calls, agents*workers,
		took.Round(time.Millisecond), float64(s.result.Calls)/took.Seconds())
	s.step("   voucher checked and reserved in p50 %d us, p99 %d us; whole call p50 %d us, p99 %d us",
		s.result.VoucherP50Micros, s.result.VoucherP99Micros, s.result.CallP50Micros, s.result.CallP99Micros)
	return nil
}

func (s *story) work(ctx context.Context, client *agent.Client, worker int) error {
	for i := range calls {
		order := menu[(worker+i)%len(menu)]
		began := time.Now()
		result, receipt, err := client.CallTool(ctx, order.tool, order.arguments)
		if err != nil {
			return err
		}
		if result.IsError || !receipt.Paid {
			return fmt.Errorf("%s was answered without a receipt", order.tool)
		}
		s.waits.add(time.Since(began))
	}
	return nil
}

func (s *story) fail(ctx context.Context) error {
	before := s.charged()
	result, receipt, err := s.clients[0].CallTool(ctx, "unreliable", nil)
	if err != nil {
		return err
	}
	if !result.IsError || receipt.Paid || s.charged() != before {
		return errors.New("a tool that failed was charged")
	}
	s.result.Failed = 1
	s.step("5. the tool unreliable fails: charged nothing")
	return nil
}

func (s *story) charged() (sum vouchers.Amount) {
	for ch := range s.shop.Ledger.Channels() {
		sum += ch.Charged
	}
	return sum
}

func (s *story) settle(ctx context.Context) error {
	s.result.Charged = s.charged()
	settlement, err := s.shop.Settler.Settle(ctx, false)
	if err != nil {
		return err
	}
	if len(settlement.Batches) != 1 {
		return fmt.Errorf("settled in %d batches, want 1", len(settlement.Batches))
	}
	s.result.Claimed = settlement.Claimed
	s.result.SettleTx, s.result.SettleGas = settlement.Batches[0].Tx, settlement.GasUsed
	s.result.GasPerChannel = settlement.GasUsed / uint64(settlement.Channels)
	s.step("7. one transaction claims %s from %d channels and pays them out: %d gas, %d a channel", settlement.Claimed, settlement.Channels,
		s.result.SettleGas, s.result.GasPerChannel)
	return nil
}

func (s *story) refund(ctx context.Context) error {
	for _, client := range s.clients {
		moved, err := client.Refund(ctx, 0)
		if err != nil {
			return err
		}
		s.result.Refunded += moved.Amount
	}
	s.step("8. the agents take %s back", s.result.Refunded)
	return nil
}
