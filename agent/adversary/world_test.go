package adversary_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// world is a payer with several processes, and one adversary who is every shop and the
// node. It runs in a bubble of synctest: nothing happens between two steps, and time
// passes only where a step lets it.
type world struct {
	node    *node
	sellers map[string]*seller
	wires   []*pipe
	wire    *http.Transport
	options agent.Options
	folder  string // of all books
	books   int    // how many folders were made
	book    *book.Book
	slots   []*slot
	agrees  bool // what the owner says to a recovery

	mu        sync.Mutex // guards what follows, and the sellers' own
	asks      []*ask
	seen      map[vouchers.ChannelID]*channel
	attested  map[common.Hash]bool // receipts that an authorizer has signed for its channel
	handedOut []*receipts.Signed
	found     []vouchers.Amount // numbers that lies are made from
	typed     []vouchers.Amount // deposits whose amount somebody has typed
	news      bool              // something came or ended since the last check
	rises     bool              // a ceiling rose above all before since the last count
	problem   string            // what a payment was found to break
}

// channel is what the adversary has of one.
type channel struct {
	shop     string
	config   vouchers.ChannelConfig
	escrow   common.Address
	vouchers []x402.SignedVoucher // as they came
	highest  vouchers.Amount      // ceiling that was signed under this book
	ever     vouchers.Amount      // the same under any book
	charged  vouchers.Amount      // by honest receipts
	deposits map[string]*deposit
	receipts []*receipts.Signed // as they follow one another
	page     []*receipts.Signed // what who asks for receipts is given next
	refunded vouchers.Amount    // what the payer believes to have got back
	used     bool               // a payment of more than nothing came under this book
}

// deposit is one that the payer has signed.
type deposit struct {
	amount vouchers.Amount
	until  time.Time
	before vouchers.Amount // what the payer was told last when it was signed
	shown  bool            // the payer was told of a balance with it, beside nothing that it has to refuse
	made   bool            // it is on chain
	typed  bool
}

// slot is a process of the payer's, or the place for one.
type slot struct {
	url    string // of the endpoint; an MCP one ends in /mcp
	http   *agent.HTTPClient
	mcp    *agent.Client
	call   *call // that it makes; nil is none: others would wait for locks, which stops the bubble's time
	ctx    context.Context
	cancel context.CancelFunc
	given  map[common.Hash]bool // receipts that it has handed out
}

// call is something that a process does.
type call struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// The payer's limits, in atomic units.
const (
	price      = vouchers.Amount(1_000)
	dearest    = 2 * price  // that one call may cost
	budget     = 12 * price // for all calls
	topUp      = 5 * price
	maxDeposit = 8 * price
	wallet     = 1_000 * price
)

func (w *world) serve(handler http.Handler) *pipe {
	p := &pipe{connections: make(chan net.Conn), closed: make(chan struct{})}
	p.server = &http.Server{Handler: handler}
	w.wires = append(w.wires, p)
	go func() { _ = p.server.Serve(p) }()
	return p
}

// open makes a world. The transport that all clients are made from leads into it.
func open(folder string, key keys.Signer) *world {
	w := &world{
		node: newNode(wallet), sellers: make(map[string]*seller), folder: folder, seen: make(map[vouchers.ChannelID]*channel), attested: make(map[common.Hash]bool),
		wire: &http.Transport{},
	}
	places := map[string]*pipe{"node:80": w.serve(w.node)}
	for _, origin := range []string{here, there} {
		w.sellers[origin] = &seller{world: w, origin: origin, terms: []x402.Requirements{termsAt(origin, escrows[0])}}
		w.sellers[origin].door = w.serve(w.sellers[origin])
		places[origin[len("http://"):]+":80"] = w.sellers[origin].door
	}
	w.wire.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) { return places[address].dial(ctx) }
	http.DefaultTransport = w.wire
	w.options = agent.Options{
		Key: key, RPC: "http://node", Token: tokenAddress, ChainID: chainID,
		Policy: agent.Policy{MaxPrice: dearest, Total: budget, MaxDeposit: maxDeposit},
		Agree:  func(context.Context, agent.Finding) (bool, error) { return w.agrees, nil },
	}
	for _, address := range escrows {
		w.options.Pinned = append(w.options.Pinned, escrow.Addresses{Escrow: address, Collectors: escrow.Collectors{EIP3009: addressOf("collector")}})
	}
	for _, url := range []string{here, here + "/mcp", here, here + "/mcp", there, there + "/mcp"} {
		w.slots = append(w.slots, &slot{url: url})
	}
	w.newBook()
	return w
}

// newBook begins with a book of no content.
func (w *world) newBook() {
	w.books++
	folder := filepath.Join(w.folder, fmt.Sprint(w.books))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		panic(err)
	}
	w.options.Book, w.book = filepath.Join(folder, "agent.db"), nil
}

// settle lets everything happen that can, without an hour passing.
func (w *world) settle() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
	for _, s := range w.slots {
		if s.call != nil && s.call.isDone() {
			s.call = nil
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.news {
		w.holdCount()
	}
	w.news = false
}

func (c *call) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// close ends everything.
func (w *world) close() {
	w.abandon()
	for _, p := range w.wires {
		_ = p.server.Close()
	}
	w.wire.CloseIdleConnections()
	synctest.Wait()
}

// abandon ends all processes. What they write goes into a book that nobody reads.
func (w *world) abandon() {
	w.node.mu.Lock()
	before := w.node.mood
	w.node.mood, w.node.deaf = mood{}, true
	w.node.mu.Unlock()
	for _, s := range w.slots {
		w.stop(s)
	}
	w.node.mu.Lock()
	w.node.mood, w.node.deaf = before, false
	w.node.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks = nil
}

// stop ends one process as if somebody had interrupted it.
func (w *world) stop(s *slot) {
	if s.cancel == nil {
		return
	}
	s.cancel()
	if s.call != nil {
		<-s.call.done
	}
	s.call, s.cancel = nil, nil
	if s.http != nil {
		_ = s.http.Close()
	}
	if s.mcp != nil {
		_ = s.mcp.Close()
	}
	s.http, s.mcp = nil, nil
	synctest.Wait()
}

// start makes sure that a process runs.
func (w *world) start(s *slot) error {
	if s.cancel != nil {
		return nil
	}
	s.given = make(map[common.Hash]bool)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var err error
	if s.isMCP() {
		s.mcp, err = agent.Dial(s.ctx, s.url, w.options)
	} else {
		s.http, err = agent.NewHTTPClient(s.ctx, s.url, w.options)
	}
	if err != nil {
		s.cancel()
		s.cancel, s.mcp, s.http = nil, nil, nil
	}
	return err
}

func (s *slot) isMCP() bool { return filepath.Base(s.url) == "mcp" }

// run has a process do something.
func (w *world) run(s *slot, name string, do func(context.Context) error) *call {
	ctx, cancel := context.WithCancel(s.ctx)
	c := &call{name: name, cancel: cancel, done: make(chan struct{})}
	s.call = c
	go func() {
		defer close(c.done)
		defer cancel()
		c.err = do(ctx)
		count(name + ": " + outcome(c.err))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.news = true
	}()
	w.settle()
	return c
}

// wait is an ask at the adversary's, until it is answered.
func (w *world) wait(ctx context.Context, a *ask) reply {
	w.mu.Lock()
	w.record(a)
	w.asks = append(w.asks, a)
	slices.SortStableFunc(w.asks, func(a, b *ask) int { return strings.Compare(a.place(), b.place()) })
	w.mu.Unlock()
	select {
	case r := <-a.answer:
		return r
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asks = slices.DeleteFunc(w.asks, func(other *ask) bool { return other == a })
		return reply{cut: true}
	}
}

// find remembers a number, once.
func (w *world) find(n vouchers.Amount) {
	if at, known := slices.BinarySearch(w.found, n); !known {
		w.found = slices.Insert(w.found, at, n)
	}
}

// record takes down what a payment gives the adversary.
func (w *world) record(a *ask) {
	w.news = true
	count("payment by " + a.payment.Payload.Type())
	config, voucher := paidFrom(a.payment)
	ch := w.seen[voucher.ChannelID]
	if ch == nil {
		ch = &channel{shop: a.shop, config: config, escrow: *a.payment.Accepted.Extra.Escrow, deposits: make(map[string]*deposit)}
		w.seen[voucher.ChannelID] = ch
	}
	if ch.shop != a.shop {
		w.problem = fmt.Sprintf("channel %s of %s pays at %s", voucher.ChannelID, ch.shop, a.shop)
	}
	ch.vouchers = append(ch.vouchers, voucher)
	w.shown(a)
	_, deposits := a.payment.Payload.(*x402.DepositPayload)
	ch.used = ch.used || deposits || voucher.MaxClaimableAmount > 0
	w.find(voucher.MaxClaimableAmount)
	if voucher.MaxClaimableAmount > ch.highest {
		ch.highest = voucher.MaxClaimableAmount
		w.rises = w.rises || ch.highest > ch.ever
		ch.ever = max(ch.ever, ch.highest)
	}
	d, ok := a.payment.Payload.(*x402.DepositPayload)
	if !ok {
		return
	}
	authorization := d.Deposit.Authorization.Erc3009
	salt := authorization.Salt.String()
	if ch.deposits[salt] == nil {
		signed := &deposit{amount: d.Deposit.Amount, until: time.Unix(int64(authorization.ValidBefore), 0), typed: slices.Contains(w.typed, d.Deposit.Amount)}
		ch.deposits[salt] = signed
		w.node.mu.Lock()
		signed.before = w.node.told[voucher.ChannelID].balance
		w.node.mu.Unlock()
		w.find(d.Deposit.Amount)
	}
}

// copyBook has all processes read another copy of the book from now on; live says whether
// the account of those that were killed is there, too.
func (w *world) copyBook(live bool) {
	from := filepath.Dir(w.options.Book)
	w.newBook()
	to := filepath.Dir(w.options.Book)
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			if !live && name != "." {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		return copyFile(path, filepath.Join(to, name))
	})
	if err != nil {
		panic(err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// channels are those that payments came from, in an order that does not change.
func (w *world) channels() []vouchers.ChannelID {
	return slices.SortedFunc(maps.Keys(w.seen), func(a, b vouchers.ChannelID) int { return slices.Compare(a[:], b[:]) })
}
