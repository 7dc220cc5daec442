// Command payer buys from the stock server that scripts/interop-server starts, and
// checks every answer against what is on chain. It prints a line a step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
)

const (
	usdc    = vouchers.Amount(1_000_000)
	price   = vouchers.Amount(1_000)
	metered = vouchers.Amount(700) // of price at most
	funds   = 100 * usdc
	deposit = usdc
	lines   = 200 // bought one after the other
	atOnce  = 8   // at once, after that
)

func main() {
	dir, err := os.MkdirTemp("", "chit-interop-")
	if err == nil {
		err = errors.Join(run(context.Background(), dir), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop-server: FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("interop-server: ok")
}

// shopper is what the steps share.
type shopper struct {
	server  string
	options agent.Options
	client  *agent.HTTPClient
	bought  int
}

func run(ctx context.Context, dir string) (err error) {
	key, _, err := keys.FromEnv("CHIT_KEY")
	if err != nil {
		return err
	}
	session, err := keys.Create(dir, "interop")
	if err != nil {
		return err
	}
	s := &shopper{server: os.Getenv("INTEROP_SERVER")}
	s.options = agent.Options{
		Key: key, RPC: os.Getenv("INTEROP_RPC"), Token: common.HexToAddress(os.Getenv("INTEROP_TOKEN")), Book: filepath.Join(dir, "book.db"),
	}
	if s.options.Session, err = keys.Open(session.Path, "interop"); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.withoutMoney, s.deposit, s.buy, s.fail, s.crowd, s.settle, s.loseBook, s.refund, s.transfers} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// open starts a new client with the same options.
func (s *shopper) open(ctx context.Context) (err error) {
	if s.client != nil {
		if err := s.client.Close(); err != nil {
			return err
		}
	}
	s.client, err = agent.NewHTTPClient(ctx, s.server, s.options)
	return err
}

// get buys a page, which must cost its price.
func (s *shopper) get(ctx context.Context, r agent.HTTPRequest, want string) error {
	r.URL = s.server + r.URL
	response, receipt, err := s.client.Do(ctx, r)
	if err != nil {
		return err
	}
	if response.Status != http.StatusOK || !strings.HasPrefix(string(response.Body), want) || receipt.Charged != price {
		return fmt.Errorf("%s was answered %d %q for %s", r.URL, response.Status, response.Body, receipt.Charged)
	}
	s.bought++
	return nil
}

func (s *shopper) withoutMoney(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, "line"); !errors.Is(err, agent.ErrBalance) {
		return fmt.Errorf("without a deposit the answer is %v, want %w", err, agent.ErrBalance)
	}
	fmt.Println("no money  told so before anything was signed")
	return nil
}

func (s *shopper) deposit(ctx context.Context) error {
	s.options.TopUp.Amount = deposit
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, "line 1"); err != nil {
		return fmt.Errorf("the first line, with a deposit: %w", err)
	}
	if err := s.holds(ctx, funds-deposit); err != nil {
		return err
	}
	fmt.Printf("deposit   %s with the first request\n", deposit)
	return nil
}

func (s *shopper) buy(ctx context.Context) error {
	for s.bought < lines {
		if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, fmt.Sprintf("line %d", s.bought+1)); err != nil {
			return fmt.Errorf("line %d: %w", s.bought+1, err)
		}
	}
	form := agent.HTTPRequest{Method: http.MethodPost, URL: "/form", Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("filled in")}
	if err := s.get(ctx, form, "form filled in"); err != nil {
		return fmt.Errorf("the form: %w", err)
	}
	fmt.Printf("vouchers  %d requests for %s each\n", s.bought, price)
	return nil
}

func (s *shopper) fail(ctx context.Context) error {
	response, receipt, err := s.client.Do(ctx, agent.HTTPRequest{URL: s.server + "/broken"})
	if err != nil || response.Status != http.StatusInternalServerError || receipt.Paid {
		return fmt.Errorf("a page that fails: %+v, %+v, %w", response, receipt, err)
	}
	if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, "line"); err != nil {
		return fmt.Errorf("the line after it: %w", err)
	}
	fmt.Println("failure   not charged")
	return nil
}

// crowd buys at once from a server that takes one request of a channel at a time.
func (s *shopper) crowd(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, atOnce)
	for i := range atOnce {
		all.Go(func() {
			_, receipt, err := s.client.Do(ctx, agent.HTTPRequest{URL: s.server + "/slow"})
			if err == nil && receipt.Charged != price {
				err = fmt.Errorf("charged %s", receipt.Charged)
			}
			errs[i] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%d lines at once: %w", atOnce, err)
	}
	s.bought += atOnce
	fmt.Printf("crowd     %d requests at once, in turns\n", atOnce)
	return nil
}

// settle makes the server claim, and holds what it got against what was bought.
func (s *shopper) settle(context.Context) error {
	response, err := http.Post(s.server+"/till", "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if got, err := strconv.ParseUint(string(text), 10, 64); err != nil || vouchers.Amount(got) != vouchers.Amount(s.bought)*price {
		return fmt.Errorf("the receiver has %s after %d requests, %w", text, s.bought, err)
	}
	fmt.Printf("settled   the receiver has %s\n", vouchers.Amount(s.bought)*price)
	return nil
}

func (s *shopper) loseBook(ctx context.Context) error {
	for range 3 { // beyond what is claimed, so that the chain alone does not tell
		if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, "line"); err != nil {
			return err
		}
	}
	s.options.Book = filepath.Join(filepath.Dir(s.options.Book), "new.db")
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, "line"); !errors.Is(err, agent.ErrOldBook) {
		return fmt.Errorf("of a channel that the book does not know the answer is %v, want %w", err, agent.ErrOldBook)
	}
	if _, err := s.client.Recover(ctx, agent.HTTPRequest{URL: s.server + "/line"}); err != nil {
		return fmt.Errorf("the new book: %w", err)
	}
	if err := s.get(ctx, agent.HTTPRequest{URL: "/line"}, "line"); err != nil {
		return fmt.Errorf("a line by the new book: %w", err)
	}
	s.options.Book = ""
	if err := s.open(ctx); err != nil {
		return err
	}
	entry, err := s.client.Recover(ctx, agent.HTTPRequest{URL: s.server + "/line"})
	if err != nil || entry.Charged != vouchers.Amount(s.bought)*price || entry.Balance != deposit {
		return fmt.Errorf("recovered %+v after %d requests: %w", entry, s.bought, err)
	}
	fmt.Printf("recovery  the book was lost twice, the server's proof says %s\n", entry.Charged)
	return nil
}

func (s *shopper) refund(ctx context.Context) error {
	moved, err := s.client.Refund(ctx, agent.HTTPRequest{URL: s.server + "/line"}, 0)
	if err != nil {
		return err
	}
	cost := vouchers.Amount(s.bought) * price
	if moved.Amount != deposit-cost {
		return fmt.Errorf("refunded %s, want %s", moved.Amount, deposit-cost)
	}
	if err := s.holds(ctx, funds-cost); err != nil {
		return err
	}
	fmt.Printf("refund    %s by %s\n", moved.Amount, moved.Tx)
	return s.client.Close()
}

// transfers pays straight from the wallet, which owns no gas, where the server takes nothing else.
func (s *shopper) transfers(ctx context.Context) error {
	s.client = nil // which the refund has closed
	if err := s.open(ctx); err != nil {
		return err
	}
	left, err := s.client.WalletBalance(ctx)
	if err != nil {
		return err
	}
	for _, page := range []struct {
		path string
		cost vouchers.Amount
	}{{"/exact", price}, {"/permit2", price}, {"/upto", metered}} {
		response, receipt, err := s.client.Do(ctx, agent.HTTPRequest{URL: s.server + page.path})
		if err != nil || string(response.Body) != "by transfer" || receipt.Charged != page.cost {
			return fmt.Errorf("%s was answered %+v for %+v: %w", page.path, response, receipt, err)
		}
		left -= page.cost
		if err := s.holds(ctx, left); err != nil {
			return fmt.Errorf("after %s: %w", page.path, err)
		}
	}
	fmt.Println("transfers exact by EIP-3009 and by Permit2, and upto")
	return s.client.Close()
}

func (s *shopper) holds(ctx context.Context, want vouchers.Amount) error {
	have, err := s.client.WalletBalance(ctx)
	if err == nil && have != want {
		err = fmt.Errorf("the payer's wallet has %s, want %s", have, want)
	}
	return err
}
