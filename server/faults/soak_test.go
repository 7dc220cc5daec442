package faults_test

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

// The environment of a longer simulation: for how long, of how many channels, and
// from which seed.
const (
	soakTime     = "CHIT_SOAK"
	soakChannels = "CHIT_SOAK_CHANNELS"
	soakSeed     = "CHIT_SOAK_SEED"
)

func fromEnvironment[T any](t testing.TB, variable string, fallback T, parse func(string) (T, error)) T {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return fallback
	}
	v, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return v
}

// soak is a simulation. Its seed decides what happens in which order.
type soak struct {
	*world
	random  *rand.Rand
	states  map[*payer]vouchers.ChainState // after the last step
	rewound bool                           // the last step took blocks away
	shaky   bool                           // the way to the chain fails now and then
	inUse   bool                           // no channel is idle: what is claimed with are older vouchers
	counts  map[string]int
}

// TestSoak lets hundreds of channels buy, deposit, withdraw and be settled in a
// random order, on a chain that loses blocks, over a way that fails, by a shop that
// is restarted, and checks the money after every step. There are two of them: one
// publishes every newest voucher, the other keeps those of channels in use back.
func TestSoak(t *testing.T) {
	t.Parallel()
	for name, inUse := range map[string]bool{"idle": false, "in use": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			soaks(t, name, inUse)
		})
	}
}

func soaks(t *testing.T, name string, inUse bool) {
	lasts := fromEnvironment(t, soakTime, 5*time.Second, time.ParseDuration)
	channels := fromEnvironment(t, soakChannels, 100, strconv.Atoi)
	seed := fromEnvironment(t, soakSeed, 1, func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	w := newChain(t)
	if inUse {
		w.options.Settlement.IdleAfter = 0 // the default: a day
	}
	w.open()
	s := &soak{world: w, random: rand.New(rand.NewPCG(seed, 0)), inUse: inUse, counts: make(map[string]int)}
	s.joinAll(channels)
	s.control(nil, "anvil_mine", 10)
	s.poll()
	s.look()
	end := time.Now().Add(lasts)
	for step := 0; time.Now().Before(end) && !t.Failed(); step++ {
		did := s.step()
		s.counts[did]++
		s.check(step, did)
	}
	s.end()
	if t.Failed() {
		return
	}
	fmt.Printf("soak   seed %d, %d channels that are %s, %s", seed, channels, name, lasts)
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		fmt.Printf(", %d %s", s.counts[name], name)
	}
	fmt.Printf(": %s claimed once, books equal the chain\n", s.received())
}

// joinAll makes the payers, many at once.
func (s *soak) joinAll(n int) {
	s.t.Helper()
	joined := make([]*payer, n)
	var group errgroup.Group
	group.SetLimit(32)
	for i := range joined {
		group.Go(func() (err error) {
			joined[i], err = s.fundedPayer(fmt.Sprintf("soak %d", i), 20*usdc)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		s.t.Fatal(err)
	}
	for _, p := range joined {
		s.knows(p)
	}
}

// step does one thing, and says which.
func (s *soak) step() string {
	s.rewound = false
	switch n := s.random.IntN(100); {
	case n < 50:
		return s.traffic()
	case n < 62:
		s.poll1()
		return "polls"
	case n < 72:
		return s.settleSome()
	case n < 78:
		s.deposit(s.anybody(), vouchers.Amount(1+s.random.IntN(20))*usdc)
		return "deposits"
	case n < 83:
		return s.announce()
	case n < 87:
		return s.withdraw()
	case n < 92:
		s.shaky = !s.shaky
		if s.shaky {
			s.proxy.does(faultKinds[s.random.IntN(len(faultKinds))], 10+s.random.IntN(30))
			return "faults"
		}
		s.proxy.does(honest, 0)
		return "recoveries"
	case n < 95:
		s.rewound = true
		s.control(nil, "anvil_reorg", 1+s.random.IntN(3), []any{})
		return "reorganizations"
	case n < 98:
		s.control(nil, "anvil_setNextBlockBaseFeePerGas", (*hexutil.Big)(big.NewInt(1+s.random.Int64N(20_000_000_000))))
		s.control(nil, "evm_mine")
		return "fee changes"
	default:
		s.proxy.does(honest, 0)
		s.shaky = false
		s.restart()
		return "restarts"
	}
}

// settleSome claims once, as a shop does by itself, or as one that closes. It may fail:
// the way to the chain does.
func (s *soak) settleSome() string {
	if !s.inUse {
		_ = s.settle()
		return "settlements"
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	_, _ = s.shop.Settler.SettleAs(ctx, settle.Request{}, nil)
	return "settlements"
}

func (s *soak) anybody() *payer { return s.payers[s.random.IntN(len(s.payers))] }

// traffic lets some payers buy something. Some of the calls fail, and leave a voucher
// with more to spare than was charged.
func (s *soak) traffic() string {
	for range 1 + s.random.IntN(20) {
		p, price := s.anybody(), vouchers.Amount(1+s.random.IntN(500_000))
		if s.random.IntN(5) == 0 {
			if r, err := s.reserve(p, s.countOf(p)+price, price); err == nil {
				r.Release()
				s.counts["failed calls"]++
			}
			continue
		}
		if s.buy(p, price) {
			s.counts["calls"]++
		}
	}
	return "bursts"
}

func (s *soak) poll1() {
	_, _ = s.shop.Watcher.Poll(s.t.Context()) // it may fail: the way to the chain does
}

func (s *soak) sender(p *payer) *txmgr.Sender {
	s.t.Helper()
	own, err := txmgr.NewSender(s.t.Context(), s.net.Client, p.key)
	if err != nil {
		s.t.Fatal(err)
	}
	return own
}

// announce has somebody announce a withdrawal of everything that is unclaimed.
func (s *soak) announce() string {
	p := s.anybody()
	state := s.state(p)
	if state.Withdrawal.FinalizeAfter > 0 || state.Balance == state.Claimed {
		return "withdrawals that cannot be"
	}
	own := s.sender(p)
	defer func() { _ = own.Close() }()
	if _, err := s.escrow.InitiateWithdraw(s.t.Context(), own, p.config, state.Balance-state.Claimed); err != nil {
		s.t.Fatal(err)
	}
	return "withdrawals"
}

// withdraw lets the delay pass, in which a shop defends what it is owed, and has
// everybody take what is theirs.
func (s *soak) withdraw() string {
	s.proxy.does(honest, 0)
	s.shaky = false
	s.poll()
	if err := s.shop.Settler.Check(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	s.control(nil, "evm_increaseTime", s.options.WithdrawDelay)
	s.control(nil, "evm_mine")
	for _, p := range s.payers {
		state := s.state(p)
		if state.Withdrawal.FinalizeAfter == 0 || state.Balance == state.Claimed {
			continue
		}
		own := s.sender(p)
		if _, err := s.escrow.FinalizeWithdraw(s.t.Context(), own, p.config); err != nil && !chain.IsRevert(err) {
			s.t.Error(err)
		}
		_ = own.Close()
		s.counts["payouts"]++
	}
	s.poll()
	return "waits for payouts"
}

// look reads every channel from the chain.
func (s *soak) look() {
	s.t.Helper()
	configs := make([]vouchers.ChannelConfig, len(s.payers))
	for i, p := range s.payers {
		configs[i] = p.config
	}
	s.states = make(map[*payer]vouchers.ChainState, len(configs))
	err := s.escrow.States(s.t.Context(), configs, 1, func(i int, state vouchers.ChainState) { s.states[s.payers[i]] = state })
	if err != nil {
		s.t.Fatal(err)
	}
}

// check holds the three lines of the money: claimed <= charged <= ceiling, on chain
// no more than that, and no claim that goes back but with its block.
func (s *soak) check(step int, did string) {
	s.t.Helper()
	before := s.states
	s.look()
	var charged vouchers.Amount
	for i, p := range s.payers {
		ch, known := s.shop.Ledger.Channel(p.id)
		state := s.states[p]
		charged += p.charged
		switch {
		case !known, ch.Charged != p.charged, ch.Claimed > ch.Charged, ch.Charged > ch.Ceiling, ch.Reserved != 0:
			s.t.Errorf("step %d (%s): payer %d was charged %s and the ledger has %+v", step, did, i, p.charged, ch)
		case ch.Burnt > ch.Count():
			s.t.Errorf("step %d (%s): payer %d counts %s, and %s is burnt: %+v", step, did, i, ch.Count(), ch.Burnt, ch)
		case state.Claimed > p.charged, state.Claimed > state.Balance:
			s.t.Errorf("step %d (%s): payer %d was charged %s and the chain has %+v", step, did, i, p.charged, state)
		case state.Claimed < before[p].Claimed && !s.rewound:
			s.t.Errorf("step %d (%s): payer %d: %s were claimed, and now %s", step, did, i, before[p].Claimed, state.Claimed)
		}
	}
	if got := s.received(); got > charged {
		s.t.Errorf("step %d (%s): the receiver has %s, %s were charged", step, did, got, charged)
	}
}

// end mends everything, has honest payers replace what reorganizations took from
// their channels, and settles the rest.
func (s *soak) end() {
	s.t.Helper()
	s.proxy.does(honest, 0)
	for _, p := range s.payers {
		if state := s.state(p); state.Balance < p.charged {
			s.deposit(p, p.charged-state.Balance)
		}
	}
	s.finish()
	s.audit()
	if err := s.close(); err != nil {
		s.t.Error(err)
	}
	if len(s.met) > 0 {
		s.t.Errorf("honest payers have met limits: %v", s.met)
	}
}
