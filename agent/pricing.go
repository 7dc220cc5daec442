package agent

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// The limits of a client whose policy sets none, in atomic units; see [Policy].
const (
	DefaultMaxPrice vouchers.Amount = 100_000
	DefaultPerDay   vouchers.Amount = 5_000_000
)

// DefaultMaxDeposit is what a deposit that a client makes by itself moves at most without
// a policy, in atomic units, DefaultTopUpPerDay what all of them move in one day, and
// DefaultMaxWithdrawDelay how long money may be locked.
const (
	DefaultMaxDeposit       vouchers.Amount = 20_000_000
	DefaultTopUpPerDay      vouchers.Amount = 100_000_000
	DefaultMaxWithdrawDelay                 = 7 * 24 * time.Hour
)

// Unlimited is a limit of a [Policy] that no payment meets.
const Unlimited vouchers.Amount = 1<<64 - 1

// pricing is what a payer knows of a server's prices: what it may pay without its
// policy's word.
type pricing struct {
	// list reads the prices that the server announces now; nil where it announces none.
	list func(context.Context) (map[string]vouchers.Amount, error)
	book *Book // keeps what was paid; nil if nothing does

	mu        sync.Mutex // guards what follows
	listed    bool       // the whole list was read
	announced map[string]vouchers.Amount
	read      bool                       // the book was read
	paid      map[string]vouchers.Amount // the last price agreed to
	varied    map[string]bool            // tools that have cost more with other arguments
	news      map[string]vouchers.Amount // of paid, what the book does not have
}

// announce takes over the prices of a list, or of some of its tools.
func (s *pricing) announce(prices map[string]vouchers.Amount, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = s.listed || whole
	if s.announced == nil {
		s.announced = make(map[string]vouchers.Amount)
	}
	maps.Copy(s.announced, prices)
}

// vary notes that what a tool costs depends on its arguments.
func (s *pricing) vary(tool string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.varied == nil {
		s.varied = make(map[string]bool)
	}
	s.varied[tool] = true
}

// listPrice is the most that a call of a tool costs, as far as that was announced, 0 if it is
// not known. The server is asked for its list only where the tool's price varies.
func (s *pricing) listPrice(ctx context.Context, tool string) vouchers.Amount {
	s.mu.Lock()
	price, varied := s.announced[tool], s.varied[tool]
	s.mu.Unlock()
	if price > 0 || !varied {
		return price
	}
	price, _ = s.announcedFor(ctx, tool) // what is not known is asked for as it comes
	return price
}

// agree remembers a price that was paid. What it was before comes from the book.
func (s *pricing) agree(tool string, price vouchers.Amount) {
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

// allows holds a price against what is known, for a policy that sets no limit for it:
// what was paid before is paid again; what was announced is paid up to the default; what
// nobody knows the price of is paid up to the default.
func (s *pricing) allows(ctx context.Context, call Proposal) error {
	last, err := s.last(call.Server, call.Tool)
	if err != nil || call.Price <= last {
		return err
	}
	refuse := &PolicyError{Code: CodePerCallExceeded, Limit: byDefault, Server: call.Server, Tool: call.Tool, Required: call.Price, Remaining: DefaultMaxPrice}
	if call.Price > DefaultMaxPrice {
		return refuse
	}
	announced, err := s.announcedFor(ctx, call.Tool)
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
func (s *pricing) last(server, tool string) (vouchers.Amount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read || s.book == nil {
		return s.paid[tool], nil
	}
	paid, err := s.book.pricesPaid(server)
	if err != nil {
		return 0, err
	}
	maps.Copy(paid, s.paid)
	s.paid, s.read = paid, true
	return paid[tool], nil
}

// announcedFor is what the server announces for a tool, 0 if it announces nothing. The
// server is asked once; one that does not tell announces nothing.
func (s *pricing) announcedFor(ctx context.Context, tool string) (vouchers.Amount, error) {
	s.mu.Lock()
	listed, price := s.listed, s.announced[tool]
	s.mu.Unlock()
	if listed || s.list == nil {
		return price, nil
	}
	prices, err := s.list(ctx)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		prices = nil
	}
	s.announce(prices, true)
	return prices[tool], nil
}

// keep writes what was paid into the book.
func (s *pricing) keep(server string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book == nil || len(s.news) == 0 {
		return nil
	}
	if err := s.book.keepPrices(server, s.news); err != nil {
		return err
	}
	s.news = nil
	return nil
}

// pricesBucket holds the price last paid for a tool, under the server and the tool.
var pricesBucket = []byte("prices")

func priceKey(server, tool string) []byte { return []byte(server + "\x00" + tool) }

func (b *Book) pricesPaid(server string) (map[string]vouchers.Amount, error) {
	paid := make(map[string]vouchers.Amount)
	err := b.update(pricesBucket, func(bucket *bbolt.Bucket) error {
		prefix := priceKey(server, "")
		cursor := bucket.Cursor()
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			if len(value) == 8 {
				paid[string(key[len(prefix):])] = vouchers.Amount(binary.BigEndian.Uint64(value))
			}
		}
		return nil
	})
	return paid, err
}

func (b *Book) keepPrices(server string, prices map[string]vouchers.Amount) error {
	return b.update(pricesBucket, func(bucket *bbolt.Bucket) error {
		for tool, price := range prices {
			if err := bucket.Put(priceKey(server, tool), binary.BigEndian.AppendUint64(nil, uint64(price))); err != nil {
				return err
			}
		}
		return nil
	})
}

// metaPrice is the key under which a tool's terms are announced in its _meta.
const metaPrice = "x402/payment-required"

// priceIn is the most that a call costs by the _meta of a tool, by the entries that this
// client can pay, or by all of them if it can pay none; 0 is free or not announced.
func (p *payer) priceIn(meta any) vouchers.Amount {
	required, err := x402.DecodeValue[x402.PaymentRequired](meta)
	if err != nil {
		return 0 // not announced
	}
	var mine, any vouchers.Amount
	for _, entry := range required.Accepts {
		any = max(any, entry.Amount)
		if entry.Asset == p.token.Address && entry.Network == p.chain.Network() {
			mine = max(mine, entry.Amount)
		}
	}
	if mine > 0 {
		return mine
	}
	return any
}

// announcedPrice is what a tool of a list costs at most.
func (p *payer) announcedPrice(tool mcp.Tool) vouchers.Amount {
	if tool.Meta == nil || tool.Meta.AdditionalFields[metaPrice] == nil {
		return 0
	}
	return p.priceIn(tool.Meta.AdditionalFields[metaPrice])
}

// announcedTerms are those of a tool of a list, nil if it announces none.
func announcedTerms(tool mcp.Tool) *x402.PaymentRequired {
	if tool.Meta == nil || tool.Meta.AdditionalFields[metaPrice] == nil {
		return nil
	}
	required, err := x402.DecodeValue[x402.PaymentRequired](tool.Meta.AdditionalFields[metaPrice])
	if err != nil {
		return nil // as good as none
	}
	return required
}
