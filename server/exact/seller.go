package exact

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Seller takes transfers at the tills of a shop. It is safe for concurrent use.
type Seller struct {
	Options

	houses   map[*till.Account]*clearing.House
	accounts accounts
	turns    turns
	pockets  pockets
	trust    *trust
	asking   *asking
	waste    *waste
	opened   map[*till.Account]uint64 // the block at which the shop was opened
	proxies  map[*till.Account]transfer.Proxies
	stop     func()
	running  sync.WaitGroup
}

// Options say what a seller works with.
type Options struct {
	// Tills are where payments are taken, and Store what remembers them.
	Tills *till.Tills
	Store vouchers.Store
	// PayTo is paid.
	PayTo common.Address
	// Accept are the ways to pay where an offer says nothing of its own.
	Accept offer.Accept
	Policy Policy
	Limits limits.Limits
	// Met is told of each limit that is met.
	Met func(limit string)
	// Now tells the time by which limits count.
	Now    func() time.Time
	Logger *slog.Logger
}

// Open returns a seller, which takes up what was accepted and has no outcome, and settles until it
// is closed.
func Open(ctx context.Context, o Options) (*Seller, error) {
	s := &Seller{
		Options: o, houses: make(map[*till.Account]*clearing.House), opened: make(map[*till.Account]uint64),
		proxies:  make(map[*till.Account]transfer.Proxies),
		accounts: accounts{history: o.Store.History(), open: make(map[vouchers.ChannelID]*account)},
		pockets:  pockets{of: make(map[purse]*pocket)},
		turns:    turns{taken: make(map[common.Hash]chan struct{})},
		asking:   newAsking(o.Limits, o.Now),
		waste:    newWaste(uint64(o.Limits.FailedTransferGas), o.Now),
	}
	if err := o.Policy.Trust.Check(); err != nil {
		return nil, err
	}
	debts, err := OpenDebts(o.Store)
	if err != nil {
		return nil, err
	}
	s.trust = newTrust(o.Policy.Trust, debts)
	for _, on := range o.Tills.Accounts {
		if err := s.openHouse(ctx, on); err != nil {
			return nil, err
		}
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	for _, house := range s.houses {
		s.running.Go(func() { house.Run(running) })
	}
	return s, nil
}

func (s *Seller) openHouse(ctx context.Context, on *till.Account) error {
	house, err := clearing.Open(ctx, clearing.Options{
		Client: on.Client, Senders: []*txmgr.Sender{on.Sender}, Store: s.Store, Logger: s.Logger, Confirmations: on.Confirmations,
		Siblings: s.Policy.Siblings, Reorged: s.reorged, Ended: s.ended, Now: s.Now,
		May: func(t transfer.Transfer, runsCode bool) error {
			at := s.tillOf(&x402.Requirements{Network: on.Client.Network(), Asset: t.Token})
			if at == nil {
				return nil // a token that is taken no more: this one was
			}
			return s.risks(&payment{seller: s, till: at, transfer: t}, runsCode)
		},
		Wasted: func(t transfer.Transfer, gas uint64) { s.waste.add(t.From, gas) },
	})
	if err != nil {
		return fmt.Errorf("open what was paid by transfers: %w", err)
	}
	s.houses[on] = house
	block, err := on.Client.BlockNumber(ctx)
	if err != nil {
		return fmt.Errorf("ask %s for its block: %w", on.Client.Network(), err)
	}
	s.opened[on] = block
	if s.proxies[on], err = transfer.FindProxies(ctx, on.Client); err != nil {
		return err
	}
	return house.Each(func(r clearing.Record) error { return s.takeUp(ctx, house, r) })
}

// takeUp counts a transfer that was trusted when the shop was closed. Where the process ended
// before the answer could leave, its payer was given nothing.
func (s *Seller) takeUp(ctx context.Context, house *clearing.House, r clearing.Record) error {
	n, err := readNote(r.Note)
	switch {
	case err != nil || !n.Trusted:
		return err
	case n.Answered:
		s.trust.restore(r.Transfer.Key(), r.Transfer.From, r.Amount, s.pockets.restore(r.Transfer, r.Amount))
		return nil
	}
	n.Trusted = false
	return s.Store.Submit(vouchers.Update{Puts: []vouchers.Put{house.Noted(r.Transfer.Key(), n.encode())}}).Wait(ctx)
}

// Close ends the seller. What is accepted and has no outcome is taken up when it is opened again.
func (s *Seller) Close() {
	s.stop()
	s.running.Wait()
}

// Stats are those of the transfers on each chain, by its name as in "eip155:8453".
func (s *Seller) Stats() map[string]clearing.Stats {
	all := make(map[string]clearing.Stats, len(s.houses))
	for on, house := range s.houses {
		all[on.Client.Network()] = house.Stats()
	}
	return all
}

// Debts are those of payers who were trusted.
func (s *Seller) Debts() *Debts { return s.trust.debts }

// reorged tells the operator of a transfer that the chain has taken back after its answer left.
func (s *Seller) reorged(r clearing.Record) {
	s.Logger.Error("a reorganization has taken back a transfer that was answered: it is sent again",
		"payer", r.Transfer.From, "amount", r.Amount, "transaction", r.Transaction, "block", r.Block)
}

// ended counts what became of a transfer.
func (s *Seller) ended(r clearing.Record) {
	defer s.trust.end(r.Transfer.Key())
	n, err := readNote(r.Note)
	if err != nil {
		s.Logger.Error("read what a transfer was for", "payer", r.Transfer.From, "error", err)
		return
	}
	given := n.Answered || n.Trusted // the answer to a trusted payer leaves at once
	if paid := r.State == clearing.Settled && r.Sibling == (common.Address{}); paid || !given {
		return
	}
	s.Logger.Error("a transfer that was answered will not be paid: its payer is refused until `chit debts forgive`",
		"payer", r.Transfer.From, "amount", r.Amount, "reason", r.Reason)
	if err := s.trust.debts.add(r.Transfer.From, r.Amount); err != nil {
		s.Logger.Error("write down what a payer owes", "payer", r.Transfer.From, "amount", r.Amount, "error", err)
	}
}
