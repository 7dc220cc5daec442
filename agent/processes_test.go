package agent_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// errand is what a process of its own buys.
type errand struct {
	URL, RPC, Book, Key string
	Token               common.Address
	Tool                string
	Callers, Calls      int
	Total               vouchers.Amount // the budget
}

// outcome is what it came to.
type outcome struct {
	Paid, Refused int // calls; those that the budget refuses
	Charged       vouchers.Amount
	Errors        []string
}

const errandVariable = "CHIT_TEST_ERRAND"

func (e errand) options() (agent.Options, error) {
	private, err := crypto.HexToECDSA(e.Key)
	if err != nil {
		return agent.Options{}, err
	}
	return agent.Options{
		Key: keys.NewSigner(private), RPC: e.RPC, Token: e.Token, Book: e.Book, Policy: agent.Policy{Total: e.Total},
	}, nil
}

// playBuyer says that it is ready, begins when its input has a line, and prints the
// outcome.
func playBuyer(in io.Reader, out io.Writer) error {
	var e errand
	if err := json.Unmarshal([]byte(os.Getenv(errandVariable)), &e); err != nil {
		return err
	}
	o, err := e.options()
	if err != nil {
		return err
	}
	client, err := agent.Dial(context.Background(), e.URL, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "ready")
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return err
	}
	done := e.run(client)
	return errors.Join(client.Close(), json.NewEncoder(out).Encode(done))
}

func (e errand) run(client *agent.Client) (done outcome) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range e.Callers {
		all.Go(func() {
			for range e.Calls {
				_, receipt, err := client.CallTool(context.Background(), e.Tool, nil)
				mu.Lock()
				switch {
				case err == nil && receipt.Paid:
					done.Paid++
					done.Charged += receipt.Charged
				case errors.Is(err, agent.ErrPolicy):
					done.Refused++
				default:
					done.Errors = append(done.Errors, fmt.Sprint(receipt, err))
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return done
}

// buyer is a process that is ready to buy.
type buyer struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func (e errand) start(t testing.TB) *buyer {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	b := &buyer{command: as("buyer", errandVariable+"="+string(raw))}
	out, err := b.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if b.in, err = b.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.command.Process.Kill(); _ = b.command.Wait() })
	b.out = bufio.NewReader(out)
	if line, err := b.out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the buyer says %q, %v", line, err)
	}
	return b
}

func (b *buyer) begin(t testing.TB) {
	t.Helper()
	if _, err := io.WriteString(b.in, "\n"); err != nil {
		t.Fatal(err)
	}
}

func (b *buyer) outcome(t testing.TB) (done outcome) {
	t.Helper()
	if err := errors.Join(json.NewDecoder(b.out).Decode(&done), b.command.Wait()); err != nil {
		t.Fatal(err)
	}
	return done
}

// newErrand is one of a payer that has 10 USDC in a channel to a shop.
func newErrand(t testing.TB, url string) errand {
	t.Helper()
	private, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	e := errand{
		URL: url, RPC: shoptest.Net.Anvil.URL(), Book: filepath.Join(t.TempDir(), "agent.db"), Token: shoptest.Net.Token,
		Key: hex.EncodeToString(crypto.FromECDSA(private)), Tool: "work", Callers: 32, Calls: 4,
	}
	o, err := e.options()
	if err != nil {
		t.Fatal(err)
	}
	if err := shoptest.Net.Mint(t.Context(), o.Key.Address(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	if err := funded(t, url, o).Close(); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTwoProcessesPayInOneChannelAtOnce(t *testing.T) {
	shop, refused := counting(t)
	e := newErrand(t, shop.URL)
	buyers := []*buyer{e.start(t), e.start(t)}
	for _, b := range buyers {
		b.begin(t)
	}
	for _, b := range buyers {
		if done := b.outcome(t); done.Paid != e.Callers*e.Calls || len(done.Errors) > 0 {
			t.Errorf("a process came to %+v", done)
		}
	}
	all := vouchers.Amount(2*e.Callers*e.Calls) * price
	holds(t, shop, 10*usdc, all)
	for channel := range shop.Ledger.Channels() {
		if channel.Ceiling != all {
			t.Errorf("%s were charged under a voucher of %s", all, channel.Ceiling)
		}
	}
	if n := refused.Load(); n != 0 {
		t.Errorf("%d payments were refused", n)
	}
	o, err := e.options()
	if err != nil {
		t.Fatal(err)
	}
	if ch := funds(t, o).Channels[0]; ch.Charged != all {
		t.Errorf("the book has %+v", ch)
	}
	if left, err := filepath.Glob(e.Book + ".live/*.*"); err != nil || len(left) > 0 {
		t.Errorf("the processes have left %v, %v", left, err)
	}
}

func TestTwoProcessesDoNotSpendMoreThanTheirBudget(t *testing.T) {
	shop, _ := counting(t)
	e := newErrand(t, shop.URL)
	e.Total = 50 * price
	buyers := []*buyer{e.start(t), e.start(t)}
	for _, b := range buyers {
		b.begin(t)
	}
	var sum outcome
	for _, b := range buyers {
		done := b.outcome(t)
		sum.Paid, sum.Refused, sum.Errors = sum.Paid+done.Paid, sum.Refused+done.Refused, append(sum.Errors, done.Errors...)
	}
	if sum.Paid != 50 || sum.Refused != 2*e.Callers*e.Calls-50 || len(sum.Errors) > 0 {
		t.Errorf("the processes came to %+v", sum)
	}
	holds(t, shop, 10*usdc, 50*price)
}

// The call of a process that was killed counts as in doubt until the server's total
// tells, and holds nobody up.
func TestTheCallsOfAKilledProcessAreTakenOverByAnother(t *testing.T) {
	running := make(chan struct{})
	slow := func(s *mcpserver.MCPServer) {
		s.AddTool(mcp.NewTool("hash"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			close(running)
			<-ctx.Done()
			return nil, ctx.Err()
		})
	}
	shop := shoptest.Open(t, selling(t, "0.001"), work, slow)
	e := newErrand(t, shop.URL)
	e.Tool, e.Callers, e.Calls = "hash", 1, 1
	doomed := e.start(t)
	o, err := e.options()
	if err != nil {
		t.Fatal(err)
	}
	client := dial(t, shop.URL, o)
	doomed.begin(t)
	<-running
	buy(t, client, 1, price)
	if err := doomed.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for n := vouchers.Amount(2); ; n++ {
		buy(t, client, 1, n*price)
		for channel := range shop.Ledger.Channels() {
			if channel.Charged != n*price {
				t.Fatalf("charged %s for %d calls", channel.Charged, n)
			}
			if channel.Ceiling == channel.Charged { // nothing is in doubt any more
				return
			}
		}
		if t.Context().Err() != nil || n > 100_000 {
			t.Fatal("the call of the killed process stays in flight")
		}
	}
}
