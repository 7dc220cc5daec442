// Package adversary_test plays every shop and the chain's node against a payer: one
// adversary chooses each answer, and holds at every step that it cannot take more than the
// payer's budget counts, and that no receipt is handed out, kept or shown but what it has signed.
package adversary_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
)

// TestMain keeps the books in memory where the machine has such a folder: they are synced
// with every step. A short run makes fewer checks than rapid's own; -rapid.checks makes more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "60"); err != nil {
		panic(err)
	}
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err == nil && info.IsDir() && runtime.GOOS == "linux" && os.Getenv("TMPDIR") == "" {
		_ = os.Setenv("TMPDIR", memory)
	}
	os.Exit(m.Run())
}

// in plays in a world of its own.
func in(t *rapid.T, play func(*rapid.T, *world)) {
	private, err := crypto.ToECDSA(payerKey)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "adversary")
	if err != nil {
		t.Fatal(err)
	}
	usual := http.DefaultTransport
	defer func() {
		http.DefaultTransport = usual
		_ = os.RemoveAll(folder)
	}()
	rapid.SyncTest(t, func(t *rapid.T) {
		w := open(folder, keys.NewSigner(private))
		defer w.close()
		play(t, w)
	})
}

func TestNoShopAndNoNodeTakesMoreThanTheBudgetCounts(t *testing.T) {
	defer func() { t.Log(tallied.n) }()
	rapid.Check(t, func(t *rapid.T) {
		count("check")
		in(t, func(t *rapid.T, w *world) {
			if rapid.Bool().Draw(t, "tops up") {
				w.options.TopUp = agent.TopUp{Amount: topUp}
			} else {
				for _, origin := range []string{here, there} {
					w.node.truth[w.idOf(origin, terms.Salt(origin))] = money{balance: wallet}
				}
			}
			w.sellers[here].bare = rapid.Bool().Draw(t, "deposits come with calls")
			p := player{w}
			t.Repeat(map[string]func(*rapid.T){
				"":     w.check,
				"call": p.call, "call ": p.call, "call  ": p.call, "answer": p.answer, "answer ": p.answer, "answer  ": p.answer, "serve": p.serve, "serve ": p.serve, "serve and be silent": p.serveSilently, "serve and forge": p.serveForged, "serve and forge ": p.serveForged,
				"cancel": p.cancel, "ask back": p.refund, "deposit": p.deposit, "top up": p.topUp, "recover": p.recover, "fetch receipts": p.fetch,
				"submit a deposit": p.submit, "claim": p.claim, "the node": p.mood, "the node tells the truth": p.truth, "the node tells the truth ": p.truth, "terms": p.terms, "usual terms": p.usual, "hang up": p.hangUp,
				"stop": p.stop, "kill": p.kill, "crash": p.crash, "lose the book": p.lose, "wait": p.wait,
			})
		})
	})
}

// player makes the steps.
type player struct{ *world }

// pick chooses one of several, and says which by its place.
func pick[T any](t *rapid.T, what string, all []T) T {
	return all[rapid.IntRange(0, len(all)-1).Draw(t, what)]
}

func (p player) running() (n int) {
	for _, s := range p.slots {
		if s.call != nil {
			n++
		}
	}
	return n
}

func (p player) slot(t *rapid.T) *slot {
	s := pick(t, "process", p.slots)
	if s.call != nil {
		t.Skip("it makes a call")
	}
	if err := p.start(s); err != nil {
		t.Skip("it does not start: ", err)
	}
	return s
}

func (p player) ended(t *rapid.T, c *call) {
	if c.isDone() {
		t.Logf("%s: %v", c.name, c.err)
	}
}

func (p player) call(t *rapid.T) {
	s := p.slot(t)
	name := rapid.SampledFrom([]string{"/work", "/work", "/else"}).Draw(t, "what")
	limit := rapid.SampledFrom([]vouchers.Amount{agent.Unlimited, agent.Unlimited, price / 2}).Draw(t, "at most")
	p.ended(t, p.run(s, "call", func(ctx context.Context) error {
		if s.isMCP() {
			_, receipt, err := s.mcp.CallToolFor(ctx, limit, "work", nil)
			p.handsOut(s, receipt)
			return err
		}
		_, receipt, err := s.http.Do(ctx, agent.HTTPRequest{URL: s.url + name})
		p.handsOut(s, receipt)
		return err
	}))
}

// choose takes one of the payments that wait. Where none does, a call is made.
func (p player) choose(t *rapid.T) *ask {
	if len(p.asks) == 0 {
		p.call(t)
	}
	if len(p.asks) == 0 {
		t.Skip("nobody asks")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := rapid.IntRange(0, len(p.asks)-1).Draw(t, "payment")
	a := p.asks[i]
	p.asks = append(p.asks[:i:i], p.asks[i+1:]...)
	return a
}

func (p player) reply(t *rapid.T, a *ask, with func() reply) {
	a.answer <- p.alone(with)
	p.settle()
}

// alone draws while nobody else has the world.
func (p player) alone(draw func() reply) reply {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	return draw()
}

func (p player) answer(t *rapid.T) {
	a := p.choose(t)
	p.reply(t, a, func() reply { return p.lie(t, a) })
}

func (p player) serve(t *rapid.T) {
	a := p.choose(t)
	p.reply(t, a, func() reply { return p.honest(a) })
}

// serveSilently charges a call, and its answer gets lost.
func (p player) serveSilently(t *rapid.T) {
	a := p.choose(t)
	p.reply(t, a, func() reply { p.honest(a); return reply{cut: true} })
}

// serveForged charges a call, and gives anything for its signed receipt.
func (p player) serveForged(t *rapid.T) {
	a := p.choose(t)
	p.reply(t, a, func() reply {
		r := p.honest(a)
		if r.receipt != nil {
			r.signed = p.forge(t, a, *r.receipt.Extra.ChargedAmount)
		}
		return r
	})
}

func (p player) cancel(t *rapid.T) {
	var all []*call
	for _, s := range p.slots {
		if s.call != nil {
			all = append(all, s.call)
		}
	}
	if len(all) == 0 {
		t.Skip("nothing runs")
	}
	pick(t, "call", all).cancel()
	p.settle()
}

func (p player) refund(t *rapid.T) {
	s := p.slot(t)
	amount := rapid.SampledFrom([]vouchers.Amount{0, price}).Draw(t, "amount")
	p.ended(t, p.run(s, "refund", func(ctx context.Context) error {
		var moved agent.Moved
		var err error
		if s.isMCP() {
			moved, err = s.mcp.Refund(ctx, amount)
		} else {
			moved, err = s.http.Refund(ctx, agent.HTTPRequest{URL: s.url + "/work"}, amount)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if ch := p.seen[moved.Channel]; ch != nil {
			ch.refunded += moved.Amount
		}
		return err
	}))
}

func (p player) mcp(t *rapid.T) *slot {
	s := p.slot(t)
	if !s.isMCP() {
		t.Skip("no such tool")
	}
	return s
}

func (p player) deposit(t *rapid.T) {
	s := p.mcp(t)
	amount := rapid.SampledFrom([]vouchers.Amount{price, topUp + 1, maxDeposit, maxDeposit + 1}).Draw(t, "typed")
	p.mu.Lock()
	p.typed = append(p.typed, amount)
	p.mu.Unlock()
	p.ended(t, p.run(s, "deposit", func(ctx context.Context) error {
		_, err := s.mcp.Deposit(ctx, amount)
		return err
	}))
}

func (p player) topUp(t *rapid.T) {
	s := p.mcp(t)
	p.ended(t, p.run(s, "top up", func(ctx context.Context) error {
		_, _, err := s.mcp.TopUp(ctx)
		return err
	}))
}

func (p player) recover(t *rapid.T) {
	s := p.slot(t)
	p.agrees = rapid.Bool().Draw(t, "agrees")
	p.ended(t, p.run(s, "recover", func(ctx context.Context) error {
		if s.isMCP() {
			_, err := s.mcp.Recover(ctx)
			return err
		}
		_, err := s.http.Recover(ctx, agent.HTTPRequest{URL: s.url + "/work"})
		return err
	}))
}

// submit puts a deposit on chain, whatever was answered about it.
func (p player) submit(t *rapid.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	for _, id := range p.channels() {
		for salt := range p.seen[id].deposits {
			p.make(id, salt)
		}
	}
}

// claim takes what was signed, as far as there is money.
func (p player) claim(t *rapid.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	for _, id := range p.channels() {
		has := p.node.truth[id]
		p.node.truth[id] = money{has.balance, max(has.claimed, min(p.seen[id].highest, has.balance))}
	}
}

func (p player) mood(t *rapid.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := drawMood(t, p.found)
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	p.node.mood = m
}

func (p player) truth(*rapid.T) {
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	p.node.mood = mood{}
}

func (p player) terms(t *rapid.T) {
	origin := rapid.SampledFrom([]string{here, there}).Draw(t, "shop")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sellers[origin].terms = p.drawTerms(t, origin)
}

func (p player) usual(*rapid.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for origin, s := range p.sellers {
		s.terms = s.terms[:0:0]
		s.terms = append(s.terms, termsAt(origin, escrows[0]))
	}
}

// hangUp ends the connections to a shop: who calls there again gets none for some time.
func (p player) hangUp(t *rapid.T) {
	origin := rapid.SampledFrom([]string{here, there}).Draw(t, "shop")
	p.sellers[origin].door.hangUp(rapid.SampledFrom([]int{0, 1, 2, 9}).Draw(t, "refused"))
	p.settle()
}

func (p player) stop(t *rapid.T) {
	s := pick(t, "process", p.slots)
	if s.cancel == nil {
		t.Skip("it does not run")
	}
	p.world.stop(s)
}

// kill ends all processes at once: what they have written is there, and nothing else.
func (p player) kill(*rapid.T) {
	p.copyBook(true)
	p.abandon()
}

// crash ends the machine: what was not synced is not there.
func (p player) crash(*rapid.T) {
	p.copyBook(false)
	p.abandon()
}

// lose is the owner's word that the book is gone: what was signed under it is not known.
func (p player) lose(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "for sure") > 0 {
		t.Skip("it is found again")
	}
	p.newBook()
	p.abandon()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ch := range p.seen {
		ch.highest, ch.refunded, ch.used = 0, 0, false
		clear(ch.deposits)
	}
}

// wait lets time pass: little while calls run, which look at each other every few
// milliseconds.
func (p player) wait(t *rapid.T) {
	times := []time.Duration{time.Second, 20 * time.Second}
	if p.running() == 0 {
		times = append(times, 6*time.Minute, 11*time.Minute, 25*time.Hour)
	}
	time.Sleep(rapid.SampledFrom(times).Draw(t, "for"))
	p.settle()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.news = true
}
