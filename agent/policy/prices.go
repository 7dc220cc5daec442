package policy

import (
	"context"
	"maps"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// Prices is what a payer knows of a server's prices: what it may pay without its
// policy's word.
type Prices struct {
	// List reads the prices that the server announces now; nil where it announces none.
	List func(context.Context) (map[string]vouchers.Amount, error)
	Kept Paid // keeps what was paid; nil if nothing does

	mu        sync.Mutex // guards what follows
	listed    bool       // the whole list was read
	announced map[string]vouchers.Amount
	read      bool                       // the book was read
	paid      map[string]vouchers.Amount // the last price agreed to
	varied    map[string]bool            // tools that have cost more with other arguments
	news      map[string]vouchers.Amount // of paid, what the book does not have
}

// Paid keeps the prices last paid at a server, by tool.
type Paid interface {
	PricesPaid(server string) (map[string]vouchers.Amount, error)
	KeepPrices(server string, prices map[string]vouchers.Amount) error
}

// ByTransfer is the name under which the price of a tool is kept where a transfer pays it: sellers
// may ask more then, for what a transfer costs them to settle.
func ByTransfer(tool string) string { return tool + "\x01by transfer" }

// Announce takes over the prices of a list, or of some of its tools.
func (s *Prices) Announce(prices map[string]vouchers.Amount, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = s.listed || whole
	if s.announced == nil {
		s.announced = make(map[string]vouchers.Amount)
	}
	maps.Copy(s.announced, prices)
}

// Vary notes that what a tool costs depends on its arguments.
func (s *Prices) Vary(tool string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.varied == nil {
		s.varied = make(map[string]bool)
	}
	s.varied[tool] = true
}

// ListPrice is the most that a call of a tool costs, as far as that was announced, 0 if it is
// not known. The server is asked for its list only where the tool's price varies.
func (s *Prices) ListPrice(ctx context.Context, tool string) vouchers.Amount {
	s.mu.Lock()
	price, varied := s.announced[tool], s.varied[tool]
	s.mu.Unlock()
	if price > 0 || !varied {
		return price
	}
	price, _ = s.announcedFor(ctx, tool) // what is not known is asked for as it comes
	return price
}

// Agree remembers a price that was paid. What it was before comes from the book.
func (s *Prices) Agree(tool string, price vouchers.Amount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paid[tool] == price {
		return
	}
	if s.news == nil {
		s.news = make(map[string]vouchers.Amount)
	}
	if s.paid == nil {
		s.paid = make(map[string]vouchers.Amount)
	}
	s.paid[tool], s.news[tool] = price, price
}

// Allows holds a price against what is known, for a policy that sets no limit for it:
// what was paid before is paid again; what was announced is paid up to the default; what
// nobody knows the price of is paid up to the default.
func (s *Prices) Allows(ctx context.Context, call Proposal) error {
	tool := call.Tool
	if call.ByTransfer {
		tool = ByTransfer(tool)
	}
	last, err := s.last(call.Server, tool)
	if err != nil || call.Price <= last {
		return err
	}
	refuse := &Error{Code: CodePerCallExceeded, Limit: byDefault, Server: call.Server, Tool: call.Tool, Required: call.Price, Remaining: DefaultMaxPrice}
	if call.Price > DefaultMaxPrice {
		return refuse
	}
	announced, err := s.announcedFor(ctx, tool)
	if err != nil {
		return err
	}
	known := max(announced, last)
	if known == 0 || call.Price <= known {
		return nil
	}
	refuse.Code, refuse.Limit, refuse.Remaining = CodePriceRaised, "last paid", last
	if announced > 0 {
		refuse.Limit, refuse.Remaining = "announced", announced
	}
	return refuse
}

// last is the price last paid for a tool, 0 if none is known.
func (s *Prices) last(server, tool string) (vouchers.Amount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read || s.Kept == nil {
		return s.paid[tool], nil
	}
	paid, err := s.Kept.PricesPaid(server)
	if err != nil {
		return 0, err
	}
	maps.Copy(paid, s.paid)
	s.paid, s.read = paid, true
	return paid[tool], nil
}

// announcedFor is what the server announces for a tool, 0 if it announces nothing. The
// server is asked once; one that does not tell announces nothing.
func (s *Prices) announcedFor(ctx context.Context, tool string) (vouchers.Amount, error) {
	s.mu.Lock()
	listed, price := s.listed, s.announced[tool]
	s.mu.Unlock()
	if listed || s.List == nil {
		return price, nil
	}
	prices, err := s.List(ctx)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		prices = nil
	}
	s.Announce(prices, true)
	return prices[tool], nil
}

// Keep writes what was paid into the book.
func (s *Prices) Keep(server string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Kept == nil || len(s.news) == 0 {
		return nil
	}
	if err := s.Kept.KeepPrices(server, s.news); err != nil {
		return err
	}
	s.news = nil
	return nil
}
