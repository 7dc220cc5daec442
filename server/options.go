package server

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
)

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

// DefaultWithdrawDelay is a channel's withdraw delay where the options name none, in seconds: a day.
const DefaultWithdrawDelay = 24 * 60 * 60

// Ways are the ways to pay of a shop whose books are open, in the order in which they are
// asked: its own, by voucher and by credit token, with others before, behind or around them.
type Ways func(shop *Shop, own sale.Ways) sale.Ways

// Options say how a shop is set up.
type Options struct {
	// RPC is the URL of the chain's JSON-RPC; several are separated by commas.
	RPC string
	// ChainID must be the chain's; 0 takes what the RPC reports.
	ChainID uint64
	// Key submits deposits, claims and refunds, pays their gas, and is the channels' receiver authorizer.
	Key keys.Signer
	// PayTo receives what is settled; the zero address is the key's own.
	PayTo common.Address
	// Escrow is the contract that holds the deposits; the zero address is [escrow.Own].
	Escrow common.Address
	// Pinned are escrows that the operator trusts beside the canonical one and chit's own.
	Pinned []escrow.Addresses
	// Token is the ERC-20 that is paid with; its EIP-712 domain is read from the chain.
	Token common.Address
	// Store is the path of the file with channels, vouchers and charges.
	Store string
	// History is how much is kept of what was sold; zero is all. What is not claimed is kept in
	// any case.
	History history.Keep
	// KeyFolder is where the shop notes which store sells with the key on each chain: the
	// folder of the key itself. A second store with the key is refused with [ErrKeyInUse],
	// and one that was restored from a backup is known as such. Empty notes nothing.
	KeyFolder string
	// Also are further deployments that the shop is paid through.
	Also []Accepts
	// Prices of the tools; what has none is not shown. Rates are for those that have more
	// to it: quotes, meters, allowances.
	Prices Prices
	Rates  Rates
	// WithdrawDelay is in seconds, 900 to 2592000; 0 is [DefaultWithdrawDelay].
	WithdrawDelay uint64
	// MinDeposit is the least deposit that is taken, in atomic USDC.
	MinDeposit vouchers.Amount
	// MovedFrom are places at which the shop was before: beside its terms it says so, signed
	// by its key, and payers use the channels that they opened for it there.
	MovedFrom []Move
	// Ways says by what the shop is paid; nil is its own ways, by voucher and by credit token.
	Ways Ways
	// BaseURL is where clients of [Shop.SellHTTP] find the shop, such as https://shop.example,
	// with the path that stands before those of its routes, if there is one; it has neither
	// user information nor a query. Terms and signed receipts name what is sold below it, and
	// by its path alone where it is empty: never by the host that a client names.
	BaseURL string
	// Permit2 offers deposits by Permit2 beside those by EIP-3009. A token without
	// EIP-3009 is paid with by Permit2 in any case.
	Permit2 bool
	// Accept are the ways to pay that are offered, the favourite first, where a tool or a route
	// does not say otherwise; empty is by batch-settlement alone. Exact says how transfers are
	// taken, where that is one of them anywhere.
	Accept offer.Accept
	Exact  exact.Policy
	// Confirmations is how many blocks deep a transaction must be to count; 0 and 1 are mined.
	Confirmations uint64
	// StuckAfter is after how long a transaction that is not mined is sent again with a
	// higher fee; 0 is 45 s.
	StuckAfter time.Duration
	// Settlement says when the shop settles by itself, and what that may cost.
	Settlement settle.Policy
	// Observe is told of every voucher that was accepted, how long the check and the
	// reservation took; nil is nobody. It must be quick and safe for concurrent use.
	Observe func(tool string, check time.Duration)
	// Limits bound what others can make the shop do.
	Limits Limits
	// Now tells the time by which limits count; nil is time.Now.
	Now func() time.Time
	// Logger takes what the operator should know; nil is slog's default.
	Logger *slog.Logger
}
