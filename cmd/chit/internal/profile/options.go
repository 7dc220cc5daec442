package profile

import (
	"context"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
)

// PayerOptions are those of a client that the profile's payer pays with.
func (p *Profile) PayerOptions(ctx context.Context, ask Passphrase) (o agent.Options, err error) {
	o = agent.Options{RPC: p.RPC, ChainID: p.ChainID, Token: p.TokenAddress(), Pinned: p.Pinned()}
	if o.Key, err = p.PayerKey(ask); err != nil {
		return o, err
	}
	if o.Session, err = p.SessionKey(ctx, ask); err != nil {
		return o, err
	}
	if o.Book, err = p.File(BookFile); err != nil {
		return o, err
	}
	if o.ReceiptSigners, err = p.ReceiptSignerAddresses(); err != nil {
		return o, err
	}
	if o.Policy, err = p.PayerPolicy(); err != nil {
		return o, err
	}
	if o.Limits, err = p.PayerLimits(); err != nil {
		return o, err
	}
	o.TopUp, err = p.PayerTopUp()
	return o, err
}

// ShopOptions are those of the profile's shop: its store, its escrows and its key.
func (p *Profile) ShopOptions(ask Passphrase) (o server.Options, err error) {
	o = server.Options{
		RPC:           p.RPC,
		ChainID:       p.ChainID,
		PayTo:         p.PayToAddress(),
		Escrow:        p.EscrowAddress(),
		Pinned:        p.Pinned(),
		Token:         p.TokenAddress(),
		KeyFolder:     p.Home().Keystore(),
		WithdrawDelay: p.WithdrawDelay,
		BaseURL:       p.BaseURL,
		Permit2:       p.Permit2,
		Confirmations: p.Confirmations,
		Accept:        p.Accept,
	}
	if o.Key, err = p.SellerKey(ask); err != nil {
		return o, err
	}
	if o.Store, err = p.File(StoreFile); err != nil {
		return o, err
	}
	if o.MinDeposit, err = p.MinDepositAmount(); err != nil {
		return o, err
	}
	if o.Settlement, err = p.SettlePolicy(); err != nil {
		return o, err
	}
	if o.Limits, err = p.ShopLimits(); err != nil {
		return o, err
	}
	if o.Also, err = p.AlsoAccepts(); err != nil {
		return o, err
	}
	if o.History, err = p.ShopHistory(); err != nil {
		return o, err
	}
	o.MovedFrom, err = p.ShopMoves()
	return o, err
}

// Pinned is the profile's escrow, which its owner trusts by having written it there.
func (p *Profile) Pinned() []escrow.Addresses {
	address := p.EscrowAddress()
	if address == escrow.Own.Escrow || address == escrow.Canonical.Escrow {
		return nil
	}
	return []escrow.Addresses{{Escrow: address, Collectors: escrow.Collectors{EIP3009: p.CollectorAddress()}}}
}

// TokenBudget is the profile's budget for calls on a token, counted in its book; approve is
// asked about what needs somebody's word. The caller closes it.
func (p *Profile) TokenBudget(ctx context.Context, server, token string, approve func(context.Context, agent.Proposal) (bool, error)) (*holder.Budget, error) {
	policy, err := p.PayerPolicy()
	if err != nil {
		return nil, err
	}
	policy.Approve = approve
	book, err := p.File(BookFile)
	if err != nil {
		return nil, err
	}
	return holder.OpenBudget(ctx, server, token, policy, book)
}
