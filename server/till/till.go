package till

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Accepts is one more deployment that a shop is paid through, beside that of its
// the options of a shop. The key, the receiver and the withdraw delay are the shop's.
type Accepts struct {
	// RPC is as in the options of a shop; empty is the chain of the options.
	RPC string
	// ChainID must be the chain's; 0 takes what the RPC reports.
	ChainID uint64
	// Escrow is the contract that holds the deposits; the zero address is [escrow.Own].
	Escrow common.Address
	// Collectors pull deposits into an escrow that is neither the canonical one nor
	// chit's own: who names them trusts it.
	Collectors escrow.Collectors
	// Token is as in the options of a shop; the zero address is that of the options, on their chain.
	Token common.Address
	// MinDeposit is the least deposit, in atomic units; 0 is that of the options.
	MinDeposit vouchers.Amount
	// Permit2 is as in the options of a shop, for this deployment.
	Permit2 bool
	// Confirmations is as in the options of a shop; 0 is that of the options. All deployments on one
	// chain have the same.
	Confirmations uint64
	// CoinPrice is as in [settle.Policy]; 0 is that of the options.
	CoinPrice vouchers.Amount
}

// ErrDeployment says that a shop cannot be paid through a deployment as it is set up.
var ErrDeployment = errors.New("the shop cannot be paid through this deployment")

// Account is the shop's key on one chain. There is one sender, and so one sequence of
// nonces, for all escrows there.
type Account struct {
	rpc string
	// Client asks the chain, of which a block counts when it is so many Confirmations deep.
	Client        *chain.Client
	Confirmations uint64
	// Sender is there once the tills are started.
	Sender *txmgr.Sender
	gas    gasPrice
}

// Till is where a shop is paid: one escrow on one chain, in one token.
type Till struct {
	*Account

	// Escrow holds the deposits, Deployment says which that is, and Network is its chain as in
	// "eip155:8453".
	Escrow     *escrow.Contract
	Deployment vouchers.Deployment
	Network    string
	// Collectors pull deposits of the Token in; by Permit2 only if that is offered.
	Collectors escrow.Collectors
	Permit2    bool
	Token      funding.Token
	// Settler and Watcher are there once the tills are started.
	Settler *settle.Settler
	Watcher *watch.Watcher

	minDeposit vouchers.Amount
	coinPrice  vouchers.Amount
	least      vouchers.Amount // that a deposit is taken for, where gas says nothing
}

// Tills are all that a shop has.
type Tills struct {
	// Accounts are the key's on each chain.
	Accounts []*Account
	All      []*Till // that of the options first
	Offered  []*Till // the same, in the order in which they are offered

	payTo         common.Address
	withdrawDelay uint64
}

// Options say where a shop is paid, and as whom.
type Options struct {
	// Key is the shop's, on all chains.
	Key keys.Signer
	// PayTo receives what is settled; WithdrawDelay is that of the channels, in seconds.
	PayTo         common.Address
	WithdrawDelay uint64
	// Accepts are the deployments, with nothing left out, and Pinned escrows that are trusted.
	Accepts []Accepts
	Pinned  []escrow.Addresses
	// LeastDeposit is what a deposit is taken for, at least, in atomic USDC.
	LeastDeposit vouchers.Amount
}

// Open connects to the chains and checks the escrows and tokens there. The caller closes
// what it returns, also with an error.
func Open(ctx context.Context, o Options) (*Tills, error) {
	all := &Tills{payTo: o.PayTo, withdrawDelay: o.WithdrawDelay}
	for _, a := range o.Accepts {
		t, err := all.open(ctx, o, a)
		if err != nil {
			return all, err
		}
		if all.Of(t.Deployment) != nil {
			return all, fmt.Errorf("%w: %s is named twice", ErrDeployment, t.Deployment)
		}
		all.All = append(all.All, t)
	}
	all.Offered = slices.Clone(all.All)
	slices.SortStableFunc(all.Offered, func(a, b *Till) int { return b.precedence() - a.precedence() })
	return all, nil
}

// precedence puts the canonical escrow first: stock clients know no other, and take
// the first offer.
func (t *Till) precedence() int {
	if t.Deployment.Escrow == escrow.Canonical.Escrow {
		return 1
	}
	return 0
}

func (ts *Tills) open(ctx context.Context, o Options, a Accepts) (*Till, error) {
	if a.Token == (common.Address{}) {
		return nil, fmt.Errorf("%w: it names no token", ErrDeployment)
	}
	on, err := ts.openAccount(ctx, o.Key, a)
	if err != nil {
		return nil, err
	}
	pinned := o.Pinned
	if a.Collectors != (escrow.Collectors{}) && a.Escrow != escrow.Own.Escrow && a.Escrow != escrow.Canonical.Escrow {
		pinned = append(slices.Clone(pinned), escrow.Addresses{Escrow: a.Escrow, Collectors: a.Collectors})
	}
	trusted, err := escrow.Trusted(ctx, on.Client, a.Escrow, pinned...)
	if err != nil {
		return nil, err
	}
	contract := escrow.At(on.Client, trusted.Escrow)
	code, err := on.Client.Code(ctx, trusted.Escrow)
	if err != nil {
		return nil, fmt.Errorf("escrow %s: %w", contract.Deployment(), err)
	}
	if len(code) == 0 {
		return nil, fmt.Errorf("escrow %s: %w: check the address and the chain", contract.Deployment(), chain.ErrNoContract)
	}
	token, err := funding.ReadToken(ctx, on.Client, a.Token)
	if err != nil {
		return nil, err
	}
	t := &Till{
		Account: on, Escrow: contract, Deployment: contract.Deployment(), Network: contract.Deployment().Network(),
		Collectors: trusted.Collectors, Token: token, minDeposit: a.MinDeposit, coinPrice: a.CoinPrice,
		least:   o.LeastDeposit,
		Permit2: a.Permit2 || !token.EIP3009,
	}
	return t, t.checkPermit2(ctx)
}

// checkPermit2 refuses a till that is to take Permit2 and cannot.
func (t *Till) checkPermit2(ctx context.Context) error {
	if !t.Permit2 {
		return nil
	}
	why := "it is to take deposits by Permit2"
	if !t.Token.EIP3009 {
		why = fmt.Sprintf("token %s has no EIP-3009, so that deposits take Permit2", t.Token.Address)
	}
	if t.Collectors.Permit2 == (common.Address{}) {
		return fmt.Errorf("%w: %s: %s, and no collector for that is known", ErrDeployment, t.Deployment, why)
	}
	for _, needed := range []common.Address{funding.Permit2, t.Collectors.Permit2} {
		code, err := t.Client.Code(ctx, needed)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Deployment, err)
		}
		if len(code) == 0 {
			return fmt.Errorf("%w: %s: %s, and there is no contract at %s", ErrDeployment, t.Deployment, why, needed)
		}
	}
	return nil
}

// openAccount connects to a deployment's chain, unless the shop is there already.
func (ts *Tills) openAccount(ctx context.Context, key keys.Signer, a Accepts) (*Account, error) {
	for _, on := range ts.Accounts {
		if on.rpc == a.RPC {
			return on, on.fits(a)
		}
	}
	client, err := chain.Dial(ctx, a.RPC, chain.WithChainID(a.ChainID), chain.WithErrors(escrow.ABIs()...))
	if err != nil {
		return nil, err
	}
	for _, on := range ts.Accounts {
		if on.Client.ChainID() == client.ChainID() {
			client.Close()
			return nil, fmt.Errorf("%w: %s is reached by one RPC already: name several there, separated by commas, and none here", ErrDeployment, on.Client.Network())
		}
	}
	on := &Account{rpc: a.RPC, Client: client, Confirmations: a.Confirmations}
	ts.Accounts = append(ts.Accounts, on)
	return on, keys.RefuseDev(client.ChainID(), key)
}

// fits refuses a deployment that says something else about a chain than the one before.
func (on *Account) fits(a Accepts) error {
	switch {
	case a.ChainID != 0 && a.ChainID != on.Client.ChainID():
		return fmt.Errorf("%w: its chain id is %d, its RPC is that of %s", ErrDeployment, a.ChainID, on.Client.Network())
	case a.Confirmations != on.Confirmations:
		return fmt.Errorf("%w: it waits for %d confirmations, another one on %s for %d: all on one chain wait for the same", ErrDeployment, a.Confirmations, on.Client.Network(), on.Confirmations)
	}
	return nil
}

// Of is the till of a deployment, nil if the shop is not paid through it.
func (ts *Tills) Of(d vouchers.Deployment) *Till {
	for _, t := range ts.All {
		if t.Deployment == d {
			return t
		}
	}
	return nil
}

// Chosen is the till whose terms a client has accepted.
func (ts *Tills) Chosen(accepted *x402.Requirements) (*Till, *terms.Refusal) {
	if accepted.Scheme != x402.SchemeBatchSettlement {
		return nil, terms.Refuse(x402.ErrScheme, "the scheme is %q, this shop takes %q", accepted.Scheme, x402.SchemeBatchSettlement)
	}
	at := escrow.Canonical.Escrow
	if accepted.Extra.Escrow != nil {
		at = *accepted.Extra.Escrow
	}
	var there *Till // on the network, with another escrow
	for _, t := range ts.All {
		switch {
		case t.Network != accepted.Network:
		case t.Deployment.Escrow == at:
			return t, nil
		default:
			there = t
		}
	}
	if there == nil {
		return nil, terms.Refuse(x402.ErrNetworkMismatch, "the network is %q, this shop is paid on %s", accepted.Network, ts.places())
	}
	for _, t := range ts.All {
		if t.Deployment.Escrow == at {
			return nil, terms.Refuse(x402.ErrNetworkMismatch, "the network is %q and the escrow %s, which goes with %q; this shop is paid through %s", accepted.Network, at, t.Network, ts.places())
		}
	}
	return nil, terms.Refuse(x402.ErrPaymentRequirements, "the escrow is %s, this shop is paid through %s", at, ts.places())
}

// places lists the shop's deployments for people.
func (ts *Tills) places() string {
	text := ""
	for i, t := range ts.Offered {
		if i > 0 {
			text += ", "
		}
		text += t.Deployment.String()
	}
	return text
}

// Config is the channel config that a till asks of a payer who signs for itself.
func (ts *Tills) Config(t *Till, payer common.Address) vouchers.ChannelConfig {
	return vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: ts.payTo, ReceiverAuthorizer: t.Sender.Address(),
		Token: t.Token.Address, WithdrawDelay: ts.withdrawDelay,
	}
}

// Each does something at every till at once, so that a chain that does not answer keeps no
// other waiting.
func (ts *Tills) Each(do func(*Till) error) error {
	failed := make([]error, len(ts.All))
	var group sync.WaitGroup
	for i, t := range ts.All {
		group.Go(func() { failed[i] = do(t) })
	}
	group.Wait()
	return errors.Join(failed...)
}

// Chains are the ids of the chains that the shop is paid on, once each.
func (ts *Tills) Chains() []uint64 {
	ids := make([]uint64, len(ts.Accounts))
	for i, on := range ts.Accounts {
		ids[i] = on.Client.ChainID()
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
