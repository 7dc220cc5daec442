package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/server/tools"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Shop sells tool calls. It is safe for concurrent use.
type Shop struct {
	Ledger *ledger.Ledger
	Store  *diskstore.Store
	// Settler is that of the options' own deployment; [Shop.SettleAs] settles all.
	Settler *settle.Settler
	// Credit are the budgets that payers have handed out as tokens.
	Credit *credit.Book
	// Receipts are those of all charges.
	Receipts *receipts.Book
	// Watcher keeps the ledger's view of the options' own deployment true while the
	// shop serves; every other has its own.
	Watcher *watch.Watcher

	tills         *till.Tills
	behind        []*till.Till // which have not caught up with their chain since an older store was opened; renewing guards it
	aside         *settle.Asides
	key           common.Address
	tenure        *tenure    // of the key
	renewing      sync.Mutex // guards tenure, once the shop is open
	payTo         common.Address
	withdrawDelay uint64
	baseURL       string // without a slash at its end, or empty
	rates         offer.LiveTariff
	logger        *slog.Logger
	keep          history.Keep
	limits        Limits
	met           *limits.Hits
	now           func() time.Time
	vouchers      *voucher.Seller
	tokens        *token.Seller
	transfers     *exact.Seller
	ways          sale.Ways
	paywall       *onmcp.Paywall
	tools         *tools.Tools
	routes        *onhttp.Seller
	register      *sale.Register
	door          *door.Door
	closing       sync.Once
}

// Open opens a shop: it connects to the chain, checks the escrow and the token
// there, and loads the store. The caller closes it.
func Open(ctx context.Context, o Options) (*Shop, error) {
	shop, err := newShop(o)
	if err != nil {
		return nil, err
	}
	if err := shop.open(ctx, o); err != nil {
		return nil, errors.Join(err, shop.Close())
	}
	return shop, nil
}

func newShop(o Options) (*Shop, error) {
	rates, err := offer.NewTariff(o.Prices, o.Rates)
	if err == nil {
		err = o.Accept.Check()
	}
	if err != nil {
		return nil, err
	}
	if o.Key == nil {
		return nil, errors.New("a shop needs a key that submits deposits and claims: set Options.Key")
	}
	s := &Shop{key: o.Key.Address(), payTo: o.PayTo, withdrawDelay: o.WithdrawDelay, limits: o.Limits.WithDefaults(), keep: o.History, now: o.Now, logger: o.Logger}
	s.rates.Store(rates)
	if s.payTo == (common.Address{}) {
		s.payTo = o.Key.Address()
	}
	if s.withdrawDelay == 0 {
		s.withdrawDelay = DefaultWithdrawDelay
	}
	if s.withdrawDelay < vouchers.MinWithdrawDelay || s.withdrawDelay > vouchers.MaxWithdrawDelay {
		return nil, fmt.Errorf("%w: %d seconds is not within %d and %d", vouchers.ErrWithdrawDelay, s.withdrawDelay, vouchers.MinWithdrawDelay, vouchers.MaxWithdrawDelay)
	}
	if o.BaseURL != "" {
		if s.baseURL, err = onhttp.ParseBaseURL(o.BaseURL); err != nil {
			return nil, fmt.Errorf("baseURL: %w", err)
		}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	s.met = limits.NewHits(s.logger)
	s.door = door.New(s.limits, s.met)
	return s, nil
}

func (s *Shop) open(ctx context.Context, o Options) error {
	var err error
	if s.tills, err = till.Open(ctx, till.Options{
		Key: o.Key, PayTo: s.payTo, WithdrawDelay: s.withdrawDelay, Accepts: o.accepted(), Pinned: o.Pinned, LeastDeposit: s.limits.LeastDeposit,
	}); err != nil {
		return err
	}
	s.behind = slices.Clone(s.tills.All)
	if s.tenure, err = holdKey(o.KeyFolder, o.Store, s.key, s.tills.Chains()); err != nil {
		return err
	}
	if err := s.openBooks(ctx, o); err != nil {
		return err
	}
	signer, err := s.receiptSigner(ctx, o.Key)
	if err != nil {
		return err
	}
	if s.Receipts, err = receipts.Open(s.Store, signer); err != nil {
		return err
	}
	if err := s.openTills(ctx, o); err != nil {
		return err
	}
	if s.vouchers, err = voucher.New(ctx, voucher.Options{
		Tills: s.tills, Ledger: s.Ledger, Store: s.Store, Receipts: s.Receipts, Notary: signer, Key: o.Key, MovedFrom: o.MovedFrom, PayTo: s.payTo, WithdrawDelay: s.withdrawDelay,
		Limits: s.limits, Met: s.met.Add, Now: s.now, Logger: s.logger,
	}); err != nil {
		return err
	}
	s.tokens = token.New(s.Credit, s.Ledger, s.vouchers, s.logger)
	if s.transfers, err = exact.Open(ctx, exact.Options{
		Tills: s.tills, Store: s.Store, PayTo: s.payTo, Accept: o.Accept, Policy: o.Exact, Limits: s.limits, Met: s.met.Add, Now: s.now, Logger: s.logger,
	}); err != nil {
		return err
	}
	s.ways = sale.Ways{vouchersWhere{s.vouchers, o.Accept}, s.transfers, s.tokens}
	if o.Ways != nil {
		s.ways = o.Ways(s, s.ways)
	}
	if err := s.openCounters(ctx, o); err != nil {
		return err
	}
	s.warnOfOthers()
	s.sayStops()
	return nil
}

// openBooks opens the store, and the ledger and the grants in it.
func (s *Shop) openBooks(ctx context.Context, o Options) (err error) {
	if s.Store, err = books.OpenStore(o.Store, diskstore.WithReserve(diskReserve), diskstore.OnFull(s.diskFull)); err != nil {
		return err
	}
	if err := s.tenure.begin(ctx, s.Store); err != nil {
		return err
	}
	if s.Ledger, err = ledger.Open(ctx, s.Store, s.watchful()...); err != nil {
		return err
	}
	s.Ledger.Forgive(s.tenure.older)
	s.Credit, err = credit.OpenBook(ctx, s.Ledger, s.Store, credit.WithLimits(s.limits.Credit(), s.met.Add))
	return err
}

// openTills starts what the tills send, settle and watch.
func (s *Shop) openTills(ctx context.Context, o Options) (err error) {
	if s.aside, err = settle.LoadAsides(s.Store, s.logger); err != nil {
		return err
	}
	if err := s.tills.Start(ctx, till.StartOptions{
		Key: o.Key, Store: s.Store, Ledger: s.Ledger, Asides: s.aside, Policy: o.Settlement, StuckAfter: o.StuckAfter, Logger: s.logger,
	}); err != nil {
		return err
	}
	s.Settler, s.Watcher = s.tills.All[0].Settler, s.tills.All[0].Watcher
	return nil
}

// openCounters makes what sells tools and routes by the shop's ways.
func (s *Shop) openCounters(ctx context.Context, o Options) error {
	challenger, err := envelope.Open(ctx, s.Store.Bucket(envelope.Bucket), s.now)
	if err != nil {
		return err
	}
	desk := &desk{s.vouchers, s.transfers, o.Accept}
	s.register = sale.New(sale.Options{
		Ledger: s.Ledger, Receipts: s.Receipts, Free: offer.NewFreeBook(s.Store, s.logger), Limits: s.limits, Met: s.met.Add,
		Observe: o.Observe, Now: s.now, Logger: s.logger,
	})
	s.paywall = onmcp.New(onmcp.Options{
		Register: s.register, Ways: s.ways, Tariff: &s.rates, Terms: desk, Challenger: challenger, Realm: s.realm(), Door: s.door, Limits: s.limits, Met: s.met.Add, Logger: s.logger,
	})
	s.tools = &tools.Tools{Paywall: s.paywall, Vouchers: s.vouchers, Tokens: s.tokens, Ledger: s.Ledger, Receipts: s.Receipts}
	s.routes = onhttp.New(onhttp.Options{
		Register: s.register, Ways: s.ways, Desk: desk, Challenger: challenger, Door: s.door, Limits: s.limits, Met: s.met.Add, BaseURL: s.baseURL, Logger: s.logger,
	})
	return nil
}

// Close ends the shop, and logs a summary of what it has sold. What was answered is on disk.
func (s *Shop) Close() error {
	var all []error
	s.closing.Do(func() {
		if s.transfers != nil {
			s.transfers.Close()
		}
		all = append(all, s.tills.Stop())
		if s.Ledger != nil {
			all = append(all, s.Ledger.Close())
		}
		if s.Store != nil {
			all = append(all, s.Store.Close())
		}
		all = append(all, s.tenure.close())
		s.tills.Close()
	})
	return errors.Join(all...)
}

// Key is the address of the key that submits what payers sign, and is the receiver authorizer of
// their channels.
func (s *Shop) Key() common.Address { return s.key }

// realm names the shop in challenges over MCP.
func (s *Shop) realm() string {
	if base, err := url.Parse(s.baseURL); err == nil && base.Host != "" {
		return base.Hostname()
	}
	return "chit"
}

// PayTo is the receiver of what is settled.
func (s *Shop) PayTo() common.Address { return s.payTo }

// Healthy returns nil if the shop can take payments. What the error says is fit for
// strangers.
func (s *Shop) Healthy(context.Context) error {
	healthy := s.Store.Err()
	for _, t := range s.tills.All {
		if unseen := s.Ledger.Unseen(t.Deployment); unseen > time.Duration(s.withdrawDelay/2)*time.Second {
			healthy = errors.Join(healthy, fmt.Errorf("%w: %s was last seen %s ago", ledger.ErrUnwatched, t.Deployment, unseen))
		}
	}
	if healthy == nil {
		return nil
	}
	return terms.Plain(healthy)
}

func (on Listeners) check() error {
	if on.Admin != nil && on.Operator == nil {
		return errors.New("nothing serves the operator: set Listeners.Operator")
	}
	return nil
}
