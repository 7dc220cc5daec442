package books

import (
	"cmp"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// View is a channel as the seller lists it. Amounts are atomic USDC.
type View struct {
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
	// Doubted says that the store was restored from a backup, and that the channel may have been
	// charged more than is known, until its payer pays again.
	Doubted bool `json:"doubted,omitempty"`
	// SetAside is why the last claim was refused; absent if none was.
	SetAside *settle.SetAside `json:"setAside,omitempty"`
}

// Channels lists the channels of a ledger, the most claimable first.
func Channels(of *ledger.Ledger, aside *settle.Asides) []View {
	views := []View{}
	for ch := range of.Channels() {
		view := viewOf(ch, aside)
		if stop, stopped := of.Stopped(ch.ID); stopped {
			view.Stopped = &stop
		}
		views = append(views, view)
	}
	slices.SortFunc(views, func(a, b View) int {
		if c := cmp.Compare(b.Claimable, a.Claimable); c != 0 {
			return c
		}
		return slices.Compare(a.Channel[:], b.Channel[:])
	})
	return views
}

func viewOf(ch ledger.Channel, aside *settle.Asides) View {
	view := View{
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
		Doubted:   ch.Doubted,
		SetAside:  aside.Get(ch.ID),
	}
	if at := ch.Withdrawal.FinalizeAfter; at > 0 {
		t := time.Unix(int64(at), 0).UTC()
		view.WithdrawAfter = &t
	}
	return view
}
