package pay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/filing"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/agent/transfers"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// Options say who pays, with what, and how much at most.
type Options struct {
	// Key owns the money and signs deposits; it signs vouchers too unless there is a Session.
	Key keys.Signer
	// Session signs vouchers in place of Key: it can spend what is in channels opened
	// with it, and nothing else. A channel belongs to one of them for its whole life.
	Session keys.Signer
	// RPC is the URL of the chain's JSON-RPC; several are separated by commas.
	RPC string
	// Token is the ERC-20 that may be spent; terms in any other are refused.
	Token common.Address
	// ChainID must be the chain's; 0 takes what the RPC reports.
	ChainID uint64
	// Policy limits what is paid without asking.
	Policy policy.Policy
	// TopUp says when to deposit without being asked.
	TopUp TopUp
	// Pinned are escrows that the owner trusts beside the canonical one and chit's own.
	Pinned []escrow.Addresses
	// Stock pays in x402's own words alone, and never in chit's short form (see [Payment]).
	Stock bool
	// ReceiptSigners may sign receipts beside a channel's receiver authorizer: sellers whose
	// authorizer signs nothing but transactions have such a key.
	ReceiptSigners []common.Address
	// Limits bound what a server can make the client read, remember or wait for.
	Limits dial.Limits
	// Book is the path of the channel book. Empty keeps the channels in memory alone: the
	// first proof of a server is believed then, and counts against the policy.
	Book string
	// Agree is asked before a recovery takes over more than the book knows to be signed;
	// see [Payer.Recover].
	Agree func(context.Context, account.Finding) (bool, error)
	// Disputed is told of each charge that no call of this payer explains; nil logs it. It
	// must not wait for the client.
	Disputed func(Dispute)
	// Reopened is told when a server has opened its books anew, as one does that was restored
	// from a backup; nil logs it. It must not wait for the client.
	Reopened func(Reopened)
	// Name and Version introduce the client to the server.
	Name, Version string
	// Now tells the time; nil is the system's clock.
	Now func() time.Time
}

// TopUp is when a client deposits by itself, and how much. Amounts are atomic units.
type TopUp struct {
	// Amount is what one deposit moves, never more: where a call or the server takes more,
	// there is none. 0 is never.
	Amount vouchers.Amount
	// Below asks for a deposit when less than this would be left after a call; 0 is only
	// when the channel cannot pay.
	Below vouchers.Amount
	// Typed says that somebody has typed Amount for this very deposit, so that it does not
	// count against [policy.Policy.TopUpPerDay].
	Typed bool
}

func (t TopUp) origin() deposit.Origin { return deposit.Origin(t.Typed) }

// Payer is what every client pays with: the keys, the policy, and its own account of
// every channel.
type Payer struct {
	// Server is the name of the server, as policies and the book know it, and Target the URL that
	// is dialled; it is empty where the caller has made the connection.
	Server, Target string
	// HTTP keeps answers within Limits, and Asked counts the requests of the server.
	HTTP   *http.Client
	Limits dial.Limits
	Asked  *dial.Crowd
	// Policy says what is paid without asking, and Prices what is known of the server's.
	Policy *policy.Policy
	Prices *policy.Prices
	// DepositBy finds where the server takes deposits on their own. It is nil, or returns
	// nil, where deposits are taken only with something that is bought.
	DepositBy func(context.Context) (*Want, error)

	chain   *chain.Client
	key     keys.Signer
	session keys.Signer // signs vouchers; the key where the options have none
	token   funding.Token
	purse   *budget.Purse
	topUp   TopUp
	stock   bool // no payment goes in the short form
	book    *book.Book
	desk    *deposit.Desk
	chooser *terms.Chooser
	direct  *transfers.Desk
	now     func() time.Time
	agree   func(context.Context, account.Finding) (bool, error)

	disputed func(Dispute)
	reopened func(Reopened)

	receipts *filing.Cabinet

	owed owed // what the book lacks

	learning sync.Mutex // guards what follows
	terms    map[string]*terms.Terms
	channels map[vouchers.ChannelID]*channel
}

// OpenAt is [Open] for the server at a URL. Errors wrap [naming.ErrURL] too.
func OpenAt(ctx context.Context, text string, o Options) (*Payer, error) {
	u, err := naming.Parse(text)
	if err != nil {
		return nil, err
	}
	p, err := Open(ctx, naming.ServerAt(u), o)
	if err == nil {
		p.Target = u.String()
	}
	return p, err
}

// Open connects to the chain and opens the book of a payer for a server, by its name. The caller
// closes the payer. Errors wrap [policy.ErrTerms] where the options lack something, or are the
// book's or the chain's.
func Open(ctx context.Context, server string, o Options) (*Payer, error) {
	if o.Key == nil || o.Token == (common.Address{}) {
		return nil, fmt.Errorf("%w: Options needs a Key that pays and the Token that it may spend", policy.ErrTerms)
	}
	p := &Payer{
		key: o.Key, session: o.Session, Prices: new(policy.Prices), topUp: o.TopUp, stock: o.Stock, agree: o.Agree, Server: server,
		terms: make(map[string]*terms.Terms), channels: make(map[vouchers.ChannelID]*channel),
	}
	p.Limits = o.Limits.WithDefaults()
	if p.now = o.Now; p.now == nil {
		p.now = time.Now
	}
	if p.disputed = o.Disputed; p.disputed == nil {
		p.disputed = func(d Dispute) { d.Log(slog.Default()) }
	}
	if p.reopened = o.Reopened; p.reopened == nil {
		p.reopened = func(r Reopened) { r.Log(slog.Default()) }
	}
	p.Asked = dial.NewCrowd(p.Limits.Requests)
	p.Policy = o.Policy.WithDefaults(p.Prices.Allows)
	if p.session == nil {
		p.session = p.key
	}
	if err := p.connect(ctx, o); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Payer) connect(ctx context.Context, o Options) error {
	var err error
	signed := deposit.InMemory()
	counting := budget.Options{Policy: p.Policy, Server: p.Server, Now: p.now, Owe: p.owe}
	p.purse, p.receipts = budget.Open(counting), filing.Open(nil, o.ReceiptSigners)
	if o.Book != "" {
		if p.book, err = book.Open(ctx, o.Book); err != nil {
			return err
		}
		counting.Table, p.Prices.Kept, signed = p.book, p.book, p.book
		p.purse, p.receipts = budget.Open(counting), filing.Open(p.book, o.ReceiptSigners)
	}
	if p.chain, err = chain.Dial(ctx, o.RPC, chain.WithChainID(o.ChainID), chain.WithErrors(escrow.ABIs()...)); err != nil {
		return err
	}
	for _, key := range []keys.Signer{p.key, p.session} {
		if err := keys.RefuseDev(p.chain.ChainID(), key); err != nil {
			return err
		}
	}
	if p.token, err = funding.ReadToken(ctx, p.chain, o.Token); err != nil {
		return err
	}
	p.desk = &deposit.Desk{Table: signed, Chain: p.chain, Key: p.key, Token: p.token, Policy: p.Policy, Server: p.Server, Now: p.now}
	p.chooser = &terms.Chooser{
		Chain: p.chain, Token: p.token, Payer: p.key.Address(), Signer: p.session.Address(), Pinned: o.Pinned, Policy: p.Policy,
		Most: p.Limits.Terms, Server: p.Server, Now: p.now, Book: p.book, Entries: p.entries, All: p.known,
	}
	p.direct = &transfers.Desk{Chain: p.chain, Key: p.key, Token: p.token, Purse: p.purse, Behind: p.Limits.Behind, Now: p.now}
	p.HTTP = p.Limits.Client(p.Asked)
	return p.direct.Look(ctx)
}

// Close writes the book and closes the connections.
func (p *Payer) Close() error {
	p.purse.Rest()
	err := errors.Join(p.save(), p.Prices.Keep(p.Server), p.leave())
	if p.book != nil {
		err = errors.Join(err, p.book.Close())
	}
	if p.HTTP != nil {
		p.HTTP.CloseIdleConnections()
	}
	if p.chain != nil {
		p.chain.Close()
	}
	return err
}

// Token is what is paid with.
func (p *Payer) Token() funding.Token { return p.token }

// Payer is the account that pays.
func (p *Payer) Payer() common.Address { return p.key.Address() }

// WalletBalance is what the payer has outside of channels, in atomic units.
func (p *Payer) WalletBalance(ctx context.Context) (vouchers.Amount, error) {
	return p.token.Balance(ctx, p.chain, p.key.Address())
}

// Spent is what was spent by the payer's book, with what is held for calls in flight.
func (p *Payer) Spent() (budget.Spent, error) {
	spent, _, err := p.spending()
	return spent, err
}

// spending is [budget.Purse.Report] with what is disputed, and with what top-ups may still move.
func (p *Payer) spending() (budget.Spent, []policy.Left, error) {
	spent, limits, err := p.purse.Report()
	if err != nil {
		return budget.Spent{}, nil, err
	}
	moved, err := deposit.MovedOn(p.desk.Table, p.purse.Today())
	if err != nil {
		return budget.Spent{}, nil, err
	}
	spent.Disputed, err = p.disputedSum()
	return spent, append(limits, p.Policy.TopUpsLeft(moved)), err
}

// saveEvery is how much news of a channel may be lost to a crash. Losing it costs a
// round trip, not money.
const saveEvery = time.Second
