package server

import (
	"cmp"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// ChannelView is a channel as the seller lists it. Amounts are atomic USDC.
type ChannelView struct {
	Channel vouchers.ChannelID `json:"channel"`
	Network string             `json:"network"`
	Escrow  common.Address     `json:"escrow"`
	Payer   common.Address     `json:"payer"`
	// Balance is what the channel holds on chain, less nothing but refunds and withdrawals.
	Balance vouchers.Amount `json:"balance"`
	Charged vouchers.Amount `json:"charged"`
	Claimed vouchers.Amount `json:"claimed"`
	// Claimable is charged and not yet claimed.
	Claimable vouchers.Amount `json:"claimable"`
	Ceiling   vouchers.Amount `json:"ceiling"`
	InFlight  int             `json:"inFlight"`
	// WithdrawAfter is when the payer may take the rest without consent; absent if no withdrawal is pending.
	WithdrawAfter *time.Time `json:"withdrawAfter,omitempty"`
}

// ListChannels returns the ledger's channels, the most claimable first.
func ListChannels(ledger *vouchers.Ledger) []ChannelView {
	views := []ChannelView{}
	for ch := range ledger.Channels() {
		views = append(views, viewOf(ch))
	}
	slices.SortFunc(views, func(a, b ChannelView) int {
		if c := cmp.Compare(b.Claimable, a.Claimable); c != 0 {
			return c
		}
		return slices.Compare(a.Channel[:], b.Channel[:])
	})
	return views
}

func viewOf(ch vouchers.Channel) ChannelView {
	view := ChannelView{
		Channel:   ch.ID,
		Network:   ch.Deployment.Network(),
		Escrow:    ch.Deployment.Escrow,
		Payer:     ch.Config.Payer,
		Balance:   ch.Balance,
		Charged:   ch.Charged,
		Claimed:   ch.Claimed,
		Claimable: ch.Claimable(),
		Ceiling:   ch.Ceiling,
		InFlight:  ch.InFlight,
	}
	if at := ch.Withdrawal.FinalizeAfter; at > 0 {
		t := time.Unix(int64(at), 0).UTC()
		view.WithdrawAfter = &t
	}
	return view
}
