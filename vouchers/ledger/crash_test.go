package ledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/ledger"
)

// The test binary runs itself with this set to the path of a store: that child
// charges calls, some of them in parts, and prints each charge once it has returned, until
// it is killed.
const crashPathEnv = "VOUCHERS_CRASH_PATH"

const (
	crashChannels = 5
	crashCallers  = 4 // of each channel
	crashBalance  = 1_000_000_000
)

func TestAKilledProcessLosesNoChargeThatWasAnswered(t *testing.T) {
	cycles := 15
	if text := os.Getenv("CRASH_CYCLES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("CRASH_CYCLES: %v", err)
		}
		cycles = n
	}
	path := filepath.Join(t.TempDir(), "chit.db")
	payers := crashPayers(t)
	answered := make([]vouchers.Amount, crashChannels)
	identifiers := map[string]told{}
	for cycle := range cycles {
		before := chargedIn(t, path, payers)
		n := killAtRandom(t, path, answered, identifiers)
		after := chargedIn(t, path, payers)
		for i := range payers {
			if after[i] < before[i] || after[i] < answered[i] {
				t.Fatalf("cycle %d: channel %d was charged %d before and answered %d, and has %d", cycle, i, before[i], answered[i], after[i])
			}
			// What was in flight may have reached the disk without an answer.
			if unanswered := after[i] - answered[i]; unanswered > vouchers.Amount((cycle+1)*crashCallers*crashPrice) {
				t.Fatalf("cycle %d: channel %d has %d charged that nobody was answered for", cycle, i, unanswered)
			}
		}
		t.Logf("cycle %d: %d answers, then SIGKILL", cycle, n)
	}
	kinds := map[kind]int{}
	for _, a := range identifiers {
		kinds[a.kind]++
	}
	if kinds[whole] == 0 || kinds[part] == 0 || kinds[silentPart] == 0 {
		t.Fatalf("no child has answered some kind of charge: %v", kinds)
	}
	checkAnswers(t, path, identifiers)
}

const crashPrice = 10

// told is what a child has printed of a call: what its charges add up to, and the kind of
// the last.
type told struct {
	total vouchers.Amount
	kind  kind
}

type kind int

const (
	whole      kind = iota // the last charge, whose answer says the total
	part                   // one whose answer says the total so far
	silentPart             // one without an answer
)

func crashPayers(t testing.TB) []*payer {
	payers := make([]*payer, crashChannels)
	for i := range payers {
		payers[i] = newPayer(t, fmt.Sprintf("crash %d", i))
	}
	return payers
}

// chargedIn opens the store as a restart does, and checks it.
func chargedIn(t *testing.T, path string, payers []*payer) []vouchers.Amount {
	t.Helper()
	charged := make([]vouchers.Amount, len(payers))
	if _, err := os.Stat(path); err != nil {
		return charged
	}
	if report, err := inspect.Check(t.Context(), path, nil); err != nil || len(report.Problems) > 0 {
		t.Fatalf("check: %v, %q", err, report.Problems)
	}
	s := &shop{t: t, clock: &clock{now: time.Now()}, path: path}
	s.open()
	defer s.close()
	for i, p := range payers {
		c, found := s.Channel(p.id)
		if !found {
			continue
		}
		if c.Charged > c.Ceiling || c.Reserved != 0 || c.InFlight != 0 {
			t.Fatalf("channel %d: %+v", i, c)
		}
		charged[i] = c.Charged
	}
	return charged
}

// killAtRandom runs a child, kills it somewhere between its answers, and adds what
// it has answered.
func killAtRandom(t *testing.T, path string, answered []vouchers.Amount, identifiers map[string]told) int {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashPathEnv+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := 1 + rand.IntN(400)
	n := 0
	for lines := bufio.NewScanner(out); lines.Scan(); n++ { // to the end: what is in the pipe was answered
		if n == kill {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var channel int
		var amount vouchers.Amount
		var identifier string
		var what kind
		if k, err := fmt.Sscanf(lines.Text(), "%d %d %s %d\n", &channel, &amount, &identifier, &what); k != 4 || err != nil {
			continue // cut off by the kill
		}
		answered[channel] += amount
		identifiers[identifier] = told{identifiers[identifier].total + amount, what}
	}
	if err := child.Wait(); err == nil || n <= kill {
		t.Fatalf("the child ended by itself after %d answers: %v", n, err)
	}
	return n
}

// checkAnswers replays every payment of which something was charged: each gets its answer
// again, and none is run again.
func checkAnswers(t *testing.T, path string, identifiers map[string]told) {
	t.Helper()
	s := &shop{t: t, clock: &clock{now: time.Now()}, path: path}
	s.open()
	defer s.close()
	payers := crashPayers(t)
	for identifier, last := range identifiers {
		var channel int
		var ceiling vouchers.Amount
		if _, err := fmt.Sscanf(identifier, "%d-%d", &channel, &ceiling); err != nil {
			t.Fatal(err)
		}
		payment := crashPayment(payers[channel], ceiling, identifier)
		r, err := s.Reserve(t.Context(), payment)
		if last.kind == silentPart && errors.Is(err, ledger.ErrAnswerGone) {
			continue
		}
		if err != nil {
			t.Fatalf("replay of %s: %v", identifier, err)
		}
		body, replied := r.Answer()
		says, err := strconv.ParseUint(string(body), 10, 64)
		if got := vouchers.Amount(says); !replied || err != nil || got < last.total || got > crashPrice || last.kind == whole && got != last.total {
			t.Fatalf("replay of %s: %q, %t, want %d", identifier, body, replied, last.total)
		}
	}
}

func crashPayment(p *payer, ceiling vouchers.Amount, identifier string) ledger.Payment {
	payment := as(p.pays(ceiling, crashPrice), identifier)
	payment.Fingerprint = [32]byte{1}
	return payment
}

func serveUntilKilled(path string) {
	t := new(testing.T) // its failures have no reader: the parent sees that the child ends
	s := &shop{t: t, clock: &clock{now: time.Now()}, path: path}
	s.open()
	var crowd sync.WaitGroup
	for i, p := range crashPayers(t) {
		p.deposits(s, crashBalance)
		var mu sync.Mutex
		next := s.channel(p).Ceiling
		for range crashCallers {
			crowd.Go(func() {
				for {
					mu.Lock()
					next += crashPrice
					ceiling := next
					mu.Unlock()
					identifier := fmt.Sprintf("%d-%d", i, ceiling)
					r, err := s.Reserve(context.Background(), crashPayment(p, ceiling, identifier))
					if err != nil {
						panic(err)
					}
					serve(r, ceiling/crashPrice, func(amount vouchers.Amount, what kind) {
						fmt.Printf("%d %s %s %d\n", i, amount.Atomic(), identifier, what)
					})
				}
			})
		}
	}
	crowd.Wait()
}

// serve charges the n-th call: at once; or in parts, and then to its end; or in parts alone.
func serve(r *ledger.Reservation, n vouchers.Amount, tell func(vouchers.Amount, kind)) {
	total := n%crashPrice + 1
	left := total
	for n%3 != 0 && left > 1 {
		what, answer := part, saying((total - left + 1).Atomic())
		if n%2 == 0 {
			what, answer = silentPart, nil
		}
		if _, err := r.Part(context.Background(), 1, answer); err != nil {
			panic(err)
		}
		tell(1, what)
		left--
	}
	if n%3 == 2 {
		r.Release()
		return
	}
	if _, err := r.Commit(context.Background(), left, saying(total.Atomic())); err != nil {
		panic(err)
	}
	tell(left, whole)
}
