package allowance_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

var (
	histories = flag.Int("histories", 4, "how many histories of a payer and a shop are made")
	firstSeed = flag.Uint64("seed", 0, "the seed of the first one; 0 is of the clock")
)

const (
	price = vouchers.Amount(1_000)
	steps = 25
)

// road leads to a shop, which may change. It can be closed, and lose answers.
type road struct {
	address string
	web     *httptest.Server

	mu     sync.Mutex // guards what follows
	target http.Handler
	lost   int // so many answers to payments yet
}

func (r *road) leadTo(t testing.TB, shop string) {
	u, err := url.Parse(strings.TrimSuffix(shop, "/mcp"))
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = httputil.NewSingleHostReverseProxy(u)
}

func (r *road) open(t testing.TB) {
	r.web = httptest.NewUnstartedServer(r)
	if r.address != "" {
		_ = r.web.Listener.Close()
		var err error
		if r.web.Listener, err = net.Listen("tcp", r.address); err != nil {
			t.Fatal(err)
		}
	}
	r.address = r.web.Listener.Addr().String()
	r.web.Config.SetKeepAlivesEnabled(false) // so that every request needs a connection of its own
	r.web.Start()
}

func (r *road) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	target, lost := r.target, r.lost > 0 && (bytes.Contains(body, []byte(`"x402/payment"`)) || bytes.Contains(body, []byte(`"chit/pay"`)))
	if lost {
		r.lost--
	}
	r.mu.Unlock()
	answer := httptest.NewRecorder()
	target.ServeHTTP(answer, req)
	if lost {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// history is what happens to a payer and a shop that are honest.
type history struct {
	testing.TB
	random  *rand.Rand
	road    *road
	shop    *shoptest.Shop
	options agent.Options
	client  *agent.Client
	channel vouchers.ChannelID
	grants  []grant
	in, out vouchers.Amount // deposited, and given back
}

type grant struct {
	id    macaroon.GrantID
	token string
}

func tools(s *mcpserver.MCPServer) {
	s.AddTool(mcp.NewTool("work"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	s.AddTool(mcp.NewTool("fail"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("sorry"), nil
	})
}

func newHistory(t testing.TB, seed uint64) *history {
	selling := shoptest.Options(t)
	selling.Prices = server.Prices{"work": "0.001", "fail": "0.003", "*": server.Free}
	h := &history{TB: t, random: rand.New(rand.NewPCG(seed, 0)), road: new(road), shop: shoptest.Open(t, selling, tools)}
	h.road.leadTo(t, h.shop.URL)
	h.road.open(t)
	t.Cleanup(func() { h.road.web.Close() })
	h.options = agent.Options{
		Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"),
		Policy: agent.Policy{MaxPrice: agent.Unlimited, Total: 100 * shoptest.USDC},
	}
	h.dial()
	t.Cleanup(func() { h.must(h.client.Close()) })
	h.deposit()
	return h
}

func (h *history) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *history) dial() {
	var err error
	h.client, err = agent.Dial(h.Context(), "http://"+h.road.address+"/mcp", h.options)
	h.must(err)
}

func (h *history) owner() allowance.Owner {
	return allowance.Owner{Client: h.client, Key: h.options.Key, Channel: h.channel, Book: bookOf(h, h.options)}
}

func (h *history) deposit() {
	moved, err := h.client.Deposit(h.Context(), shoptest.USDC)
	h.must(err)
	h.in += moved.Amount
	h.channel = moved.Channel
}

func (h *history) refund() {
	moved, err := h.client.Refund(h.Context(), shoptest.USDC/2)
	h.must(err)
	h.out += moved.Amount
}

func (h *history) call() {
	_, _, err := h.client.CallTool(h.Context(), pick(h.random, "work", "work", "fail"), nil)
	h.must(err)
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// lose loses the answers to a call: of one try, which the second makes good, or of both.
func (h *history) lose() {
	h.road.mu.Lock()
	h.road.lost = pick(h.random, 1, 2)
	h.road.mu.Unlock()
	if _, _, err := h.client.CallTool(h.Context(), "work", nil); err != nil && !errors.Is(err, agent.ErrUnknownOutcome) {
		h.Fatal(err)
	}
}

func (h *history) refuse() {
	h.road.web.Close()
	if _, _, err := h.client.CallTool(h.Context(), "work", nil); !errors.Is(err, agent.ErrUnreached) {
		h.Fatal(err)
	}
	h.road.open(h)
}

func (h *history) grant() {
	granted, err := h.owner().Grant(h.Context(), macaroon.Scope{Budget: pick(h.random, price, 5*price, 20*price), Expires: time.Now().Add(time.Hour)}, "")
	h.must(err)
	h.grants = append(h.grants, grant{granted.Grant.ID, granted.Token})
}

func (h *history) draw() {
	if len(h.grants) == 0 {
		return
	}
	held, err := allowance.Dial(h.Context(), "http://"+h.road.address+"/mcp", pick(h.random, h.grants...).token, "1", agent.Limits{})
	h.must(err)
	_, _, err = held.Call(h.Context(), "work", nil)
	var refused *holder.Refusal
	if err != nil && !errors.As(err, &refused) {
		h.Fatal(err)
	}
	h.must(held.Close())
}

// revoke ends a grant as the program does. Where the shop counts from a published voucher, or
// would after it, the payer cannot tell what comes back from that, and takes it for spent.
func (h *history) revoke() {
	for ch := range h.shop.Ledger.Channels() {
		if ch.Offset > 0 || ch.Burnt > ch.Charged {
			return
		}
	}
	if len(h.grants) == 0 {
		return
	}
	i := h.random.IntN(len(h.grants))
	_, err := h.owner().Revoke(h.Context(), h.grants[i].id)
	h.must(err)
	_, err = h.client.Recover(h.Context()) // the server says what came back
	h.must(err)
	h.grants = slices.Delete(h.grants, i, i+1)
}

func (h *history) restartPayer() {
	h.must(h.client.Close())
	h.dial()
}

func (h *history) restartShop() {
	h.shop.Stop(h)
	h.shop = shoptest.Open(h, h.shop.Options, tools)
	h.road.leadTo(h, h.shop.URL)
}

func (h *history) settle() {
	_, err := h.shop.Settler.Settle(h.Context(), false)
	h.must(err)
}

// table is what one of the books says, in atomic units.
type table struct{ deposited, claimed, spent, left vouchers.Amount }

// check makes a call, so that nothing is on its way, and holds the books against each other.
func (h *history) check() {
	h.Helper()
	if _, receipt, err := h.client.CallTool(h.Context(), "work", nil); err != nil || receipt.Charged != price {
		h.Fatalf("the call after it: %+v, %v", receipt, err)
	}
	_, err := h.client.FetchReceipts(h.Context()) // it writes the book, which is written now and then else
	h.must(err)
	spent, err := h.client.Spent()
	h.must(err)
	var said []ledger.Channel
	for ch := range h.shop.Ledger.Channels() {
		said = append(said, ch)
	}
	if len(said) != 1 {
		h.Fatalf("the shop has %d channels", len(said))
	}
	ch := said[0]
	state, err := escrow.At(shoptest.Net.Client, ch.Deployment.Escrow).State(h.Context(), ch.Config, 1)
	h.must(err)
	token, err := funding.ReadToken(h.Context(), shoptest.Net.Client, h.options.Token)
	h.must(err)
	book, err := book.Open(h.Context(), h.options.Book)
	h.must(err)
	funds, err := treasury.Read(h.Context(), shoptest.Net.Client, token, h.options.Key.Address(), book)
	h.must(err)
	if len(funds.Channels) != 1 {
		h.Fatalf("the book has %d channels", len(funds.Channels))
	}
	mine := funds.Channels[0]
	used := ch.Charged + ch.Aside
	want := table{h.in - h.out, state.Claimed, used, h.in - h.out - used}
	for name, got := range map[string]table{
		"the chain":   {state.Balance, state.Claimed, used, want.left},
		"the shop":    {ch.Balance, ch.Claimed, used, ch.Balance - used},
		"the balance": {mine.Balance, mine.Claimed, mine.Charged, mine.Available},
		"the budget":  {want.deposited, want.claimed, spent.Total, want.left},
	} {
		if got != want {
			h.Fatalf("%s says %+v, want %+v (%d aside); spent %+v", name, got, want, ch.Aside, spent)
		}
	}
	if spent.OnItsWay != 0 || spent.Total+spent.AtRisk < ch.Ceiling {
		h.Fatalf("%d are signed, the budget has %+v", ch.Ceiling, spent)
	}
	if funds.Wallet != 100*shoptest.USDC-want.deposited {
		h.Fatalf("the wallet has %d of %d, %d were deposited", funds.Wallet, 100*shoptest.USDC, want.deposited)
	}
}

func TestTheBooksOfAPayerAShopAndTheChainSayTheSameAfterEachStep(t *testing.T) {
	seed := *firstSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano() % 1e9)
	}
	for range *histories {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			h := newHistory(t, seed)
			all := map[string]func(){
				"a deposit": h.deposit, "a refund": h.refund, "a call": h.call, "a lost answer": h.lose, "a refused dial": h.refuse,
				"a grant": h.grant, "a draw": h.draw, "another draw": h.draw, "a revocation": h.revoke, "a restart of the payer": h.restartPayer, "a restart of the shop": h.restartShop, "a settlement": h.settle,
			}
			names := make([]string, 0, len(all))
			for name := range all {
				names = append(names, name)
			}
			slices.Sort(names)
			for range steps {
				name := pick(h.random, names...)
				if name == "a refund" && h.in-h.out < shoptest.USDC {
					name = "a deposit"
				}
				t.Log(name)
				all[name]()
				h.check()
			}
		})
		seed++
	}
}
