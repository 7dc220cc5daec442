package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

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
// [Options]. The key, the receiver and the withdraw delay are the shop's.
type Accepts struct {
	// RPC is as in [Options]; empty is the chain of the options.
	RPC string
	// ChainID must be the chain's; 0 takes what the RPC reports.
	ChainID uint64
	// Escrow is the contract that holds the deposits; the zero address is [escrow.Own].
	Escrow common.Address
	// Collectors pull deposits into an escrow that is neither the canonical one nor
	// chit's own: who names them trusts it.
	Collectors escrow.Collectors
	// Token is as in [Options]; the zero address is that of the options, on their chain.
	Token common.Address
	// MinDeposit is the least deposit, in atomic units; 0 is that of the options.
	MinDeposit vouchers.Amount
	// Permit2 is as in [Options], for this deployment.
	Permit2 bool
	// Confirmations is as in [Options]; 0 is that of the options. All deployments on one
	// chain have the same.
	Confirmations uint64
	// CoinPrice is as in [settle.Policy]; 0 is that of the options.
	CoinPrice vouchers.Amount
}

// ErrDeployment says that a shop cannot be paid through a deployment as it is set up.
var ErrDeployment = errors.New("the shop cannot be paid through this deployment")

// account is the shop's key on one chain. There is one sender, and so one sequence of
// nonces, for all escrows there.
type account struct {
	rpc           string
	client        *chain.Client
	confirmations uint64
	sender        *txmgr.Sender
	gas           gasPrice
}

// till is where a shop is paid: one escrow on one chain, in one token.
type till struct {
	*account
	escrow     *escrow.Contract
	deployment vouchers.Deployment
	network    string
	collectors escrow.Collectors
	permit2    bool // deposits by Permit2 are offered
	token      funding.Token
	minDeposit vouchers.Amount
	coinPrice  vouchers.Amount
	settler    *settle.Settler
	watcher    *watch.Watcher
	caughtUp   bool // with the chain, since the shop was opened; see Shop.caughtUp
}

// accepted are all deployments of the options, that of the options themselves first,
// with nothing left out.
func (o Options) accepted() []Accepts {
	all := []Accepts{{
		RPC: o.RPC, ChainID: o.ChainID, Escrow: o.Escrow, Token: o.Token,
		MinDeposit: o.MinDeposit, Permit2: o.Permit2, Confirmations: o.Confirmations, CoinPrice: o.Settlement.CoinPrice,
	}}
	for _, a := range o.Also {
		if a.RPC == "" || a.RPC == o.RPC {
			a.RPC = o.RPC
			a.Token = cmp.Or(a.Token, o.Token)
		}
		a.MinDeposit = cmp.Or(a.MinDeposit, o.MinDeposit)
		a.Confirmations = cmp.Or(a.Confirmations, o.Confirmations)
		a.CoinPrice = cmp.Or(a.CoinPrice, o.Settlement.CoinPrice)
		all = append(all, a)
	}
	for i := range all {
		all[i].Escrow = cmp.Or(all[i].Escrow, escrow.Own.Escrow)
		all[i].Confirmations = max(all[i].Confirmations, 1)
	}
	return all
}

// openTills connects to the chains and checks the escrows and tokens there.
func (s *Shop) openTills(ctx context.Context, o Options) error {
	for _, a := range o.accepted() {
		t, err := s.openTill(ctx, o, a)
		if err != nil {
			return err
		}
		if s.tillOf(t.deployment) != nil {
			return fmt.Errorf("%w: %s is named twice", ErrDeployment, t.deployment)
		}
		s.tills = append(s.tills, t)
	}
	s.offered = slices.Clone(s.tills)
	slices.SortStableFunc(s.offered, func(a, b *till) int { return b.precedence() - a.precedence() })
	return nil
}

// precedence puts the canonical escrow first: stock clients know no other, and take
// the first offer.
func (t *till) precedence() int {
	if t.deployment.Escrow == escrow.Canonical.Escrow {
		return 1
	}
	return 0
}

func (s *Shop) openTill(ctx context.Context, o Options, a Accepts) (*till, error) {
	if a.Token == (common.Address{}) {
		return nil, fmt.Errorf("%w: it names no token", ErrDeployment)
	}
	on, err := s.openAccount(ctx, o.Key, a)
	if err != nil {
		return nil, err
	}
	pinned := o.Pinned
	if a.Collectors != (escrow.Collectors{}) && a.Escrow != escrow.Own.Escrow && a.Escrow != escrow.Canonical.Escrow {
		pinned = append(slices.Clone(pinned), escrow.Addresses{Escrow: a.Escrow, Collectors: a.Collectors})
	}
	trusted, err := escrow.Trusted(ctx, on.client, a.Escrow, pinned...)
	if err != nil {
		return nil, err
	}
	contract := escrow.At(on.client, trusted.Escrow)
	code, err := on.client.Code(ctx, trusted.Escrow)
	if err != nil {
		return nil, fmt.Errorf("escrow %s: %w", contract.Deployment(), err)
	}
	if len(code) == 0 {
		return nil, fmt.Errorf("escrow %s: %w: check the address and the chain", contract.Deployment(), chain.ErrNoContract)
	}
	token, err := funding.ReadToken(ctx, on.client, a.Token)
	if err != nil {
		return nil, err
	}
	t := &till{
		account: on, escrow: contract, deployment: contract.Deployment(), network: contract.Deployment().Network(),
		collectors: trusted.Collectors, token: token, minDeposit: a.MinDeposit, coinPrice: a.CoinPrice,
		permit2: a.Permit2 || !token.EIP3009,
	}
	return t, t.checkPermit2(ctx)
}

// checkPermit2 refuses a till that is to take Permit2 and cannot.
func (t *till) checkPermit2(ctx context.Context) error {
	if !t.permit2 {
		return nil
	}
	why := "it is to take deposits by Permit2"
	if !t.token.EIP3009 {
		why = fmt.Sprintf("token %s has no EIP-3009, so that deposits take Permit2", t.token.Address)
	}
	if t.collectors.Permit2 == (common.Address{}) {
		return fmt.Errorf("%w: %s: %s, and no collector for that is known", ErrDeployment, t.deployment, why)
	}
	for _, needed := range []common.Address{funding.Permit2, t.collectors.Permit2} {
		code, err := t.client.Code(ctx, needed)
		if err != nil {
			return fmt.Errorf("%s: %w", t.deployment, err)
		}
		if len(code) == 0 {
			return fmt.Errorf("%w: %s: %s, and there is no contract at %s", ErrDeployment, t.deployment, why, needed)
		}
	}
	return nil
}

// openAccount connects to a deployment's chain, unless the shop is there already.
func (s *Shop) openAccount(ctx context.Context, key keys.Signer, a Accepts) (*account, error) {
	for _, on := range s.accounts {
		if on.rpc == a.RPC {
			return on, on.fits(a)
		}
	}
	client, err := chain.Dial(ctx, a.RPC, chain.WithChainID(a.ChainID), chain.WithErrors(escrow.ABIs()...))
	if err != nil {
		return nil, err
	}
	for _, on := range s.accounts {
		if on.client.ChainID() == client.ChainID() {
			client.Close()
			return nil, fmt.Errorf("%w: %s is reached by one RPC already: name several there, separated by commas, and none here", ErrDeployment, on.client.Network())
		}
	}
	on := &account{rpc: a.RPC, client: client, confirmations: a.Confirmations}
	s.accounts = append(s.accounts, on)
	return on, keys.RefuseDev(client.ChainID(), key)
}

// fits refuses a deployment that says something else about a chain than the one before.
func (on *account) fits(a Accepts) error {
	switch {
	case a.ChainID != 0 && a.ChainID != on.client.ChainID():
		return fmt.Errorf("%w: its chain id is %d, its RPC is that of %s", ErrDeployment, a.ChainID, on.client.Network())
	case a.Confirmations != on.confirmations:
		return fmt.Errorf("%w: it waits for %d confirmations, another one on %s for %d: all on one chain wait for the same", ErrDeployment, a.Confirmations, on.client.Network(), on.confirmations)
	}
	return nil
}

// tillOf is the till of a deployment, nil if the shop is not paid through it.
func (s *Shop) tillOf(d vouchers.Deployment) *till {
	for _, t := range s.tills {
		if t.deployment == d {
			return t
		}
	}
	return nil
}

// chosen is the till whose terms a client has accepted.
func (s *Shop) chosen(accepted *x402.Requirements) (*till, *terms.Refusal) {
	if accepted.Scheme != x402.SchemeBatchSettlement {
		return nil, terms.Refuse(x402.ErrScheme, "the scheme is %q, this shop takes %q", accepted.Scheme, x402.SchemeBatchSettlement)
	}
	at := escrow.Canonical.Escrow
	if accepted.Extra.Escrow != nil {
		at = *accepted.Extra.Escrow
	}
	var there *till // on the network, with another escrow
	for _, t := range s.tills {
		switch {
		case t.network != accepted.Network:
		case t.deployment.Escrow == at:
			return t, nil
		default:
			there = t
		}
	}
	if there == nil {
		return nil, terms.Refuse(x402.ErrNetworkMismatch, "the network is %q, this shop is paid on %s", accepted.Network, s.places())
	}
	for _, t := range s.tills {
		if t.deployment.Escrow == at {
			return nil, terms.Refuse(x402.ErrNetworkMismatch, "the network is %q and the escrow %s, which goes with %q; this shop is paid through %s", accepted.Network, at, t.network, s.places())
		}
	}
	return nil, terms.Refuse(x402.ErrPaymentRequirements, "the escrow is %s, this shop is paid through %s", at, s.places())
}

// places lists the shop's deployments for people.
func (s *Shop) places() string {
	text := ""
	for i, t := range s.offered {
		if i > 0 {
			text += ", "
		}
		text += t.deployment.String()
	}
	return text
}

// config is the channel config that the till asks of a payer who signs for itself.
func (s *Shop) config(t *till, payer common.Address) vouchers.ChannelConfig {
	return vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: s.payTo, ReceiverAuthorizer: t.sender.Address(),
		Token: t.token.Address, WithdrawDelay: s.withdrawDelay,
	}
}
