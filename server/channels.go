package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// ChannelView is a channel as the seller lists it. Amounts are atomic USDC.
type ChannelView struct {
	Channel vouchers.ChannelID `json:"channel"`
	Network string             `json:"network"`
	Escrow  common.Address     `json:"escrow"`
	// Payer is who the money goes back to, as the channel says, and Signer the key of its
	// vouchers: whoever has opened the channel may have named any payer.
	Payer  common.Address `json:"payer"`
	Signer common.Address `json:"signer"`
	// Balance is what the channel holds on chain, less nothing but refunds and withdrawals.
	Balance vouchers.Amount `json:"balance"`
	Charged vouchers.Amount `json:"charged"`
	Claimed vouchers.Amount `json:"claimed"`
	// Claimable is charged and not yet claimed.
	Claimable vouchers.Amount `json:"claimable"`
	Ceiling   vouchers.Amount `json:"ceiling"`
	// Burnt is the highest ceiling that was ever in a transaction: vouchers up to it buy nothing.
	Burnt    vouchers.Amount `json:"burnt"`
	InFlight int             `json:"inFlight"`
	// WithdrawAfter is when the payer may take the rest without consent; absent if no withdrawal is pending.
	WithdrawAfter *time.Time `json:"withdrawAfter,omitempty"`
	// Stopped is why the channel takes no payments; absent if it does.
	Stopped *ledger.Stop `json:"stopped,omitempty"`
	// SetAside is why the last claim was refused; absent if none was.
	SetAside *settle.SetAside `json:"setAside,omitempty"`
}

// Channels returns the ledger's channels, the most claimable first.
func (s *Shop) Channels() []ChannelView { return listChannels(s.Ledger, s.aside) }

// ReadChannels lists the channels of a store that no server has open.
func ReadChannels(ctx context.Context, path string) ([]ChannelView, error) {
	return readStore(ctx, path, listChannels)
}

// ReadWithdrawals is [Shop.Withdrawals] of a store that no server has open.
func ReadWithdrawals(ctx context.Context, path string) ([]Withdrawal, error) {
	return readStore(ctx, path, listWithdrawals)
}

// ReadTransactions is [Shop.Transactions] of a store that no server has open.
func ReadTransactions(_ context.Context, path string) (pending []txmgr.Pending, err error) {
	store, err := boltstore.Open(path, boltstore.MustExist())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return till.ReadPending(store)
}

func readStore[T any](ctx context.Context, path string, list func(*ledger.Ledger, *settle.Asides) T) (listed T, err error) {
	store, err := boltstore.Open(path, boltstore.MustExist())
	if err != nil {
		return listed, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ledger, err := ledger.Open(ctx, store)
	if err != nil {
		return listed, err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	aside, err := settle.LoadAsides(store, slog.Default())
	if err != nil {
		return listed, err
	}
	return list(ledger, aside), nil
}

func listChannels(ledger *ledger.Ledger, aside *settle.Asides) []ChannelView {
	views := []ChannelView{}
	for ch := range ledger.Channels() {
		view := viewOf(ch, aside)
		if stop, stopped := ledger.Stopped(ch.ID); stopped {
			view.Stopped = &stop
		}
		views = append(views, view)
	}
	slices.SortFunc(views, func(a, b ChannelView) int {
		if c := cmp.Compare(b.Claimable, a.Claimable); c != 0 {
			return c
		}
		return slices.Compare(a.Channel[:], b.Channel[:])
	})
	return views
}

func listWithdrawals(ledger *ledger.Ledger, aside *settle.Asides) []Withdrawal {
	pending := []Withdrawal{}
	for ch := range ledger.Channels() {
		if ch.Withdrawal.FinalizeAfter == 0 {
			continue
		}
		w := Withdrawal{ChannelView: viewOf(ch, aside), Amount: ch.Withdrawal.Amount}
		if settle.AtRisk(ch) {
			w.AtRisk = min(ch.Claimable(), ch.Charged+ch.Withdrawal.Amount-ch.Balance)
		}
		pending = append(pending, w)
	}
	slices.SortFunc(pending, func(a, b Withdrawal) int { return a.WithdrawAfter.Compare(*b.WithdrawAfter) })
	return pending
}

func viewOf(ch ledger.Channel, aside *settle.Asides) ChannelView {
	view := ChannelView{
		Channel:   ch.ID,
		Network:   ch.Deployment.Network(),
		Escrow:    ch.Deployment.Escrow,
		Payer:     ch.Config.Payer,
		Signer:    ch.Config.VoucherSigner(),
		Balance:   ch.Balance,
		Charged:   ch.Charged,
		Claimed:   ch.Claimed,
		Claimable: ch.Claimable(),
		Ceiling:   ch.Ceiling,
		Burnt:     ch.Burnt,
		InFlight:  ch.InFlight,
		SetAside:  aside.Get(ch.ID),
	}
	if at := ch.Withdrawal.FinalizeAfter; at > 0 {
		t := time.Unix(int64(at), 0).UTC()
		view.WithdrawAfter = &t
	}
	return view
}
