package sale

import (
	"context"
	"errors"
	"log/slog"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
)

// Bill is what one call comes to: its price, or what its meter says, or nothing while
// the payer has an allowance.
type Bill struct {
	line  *Line
	price vouchers.Amount // the line's, which the payer has agreed to
	Meter offer.Meter
	free  *offer.FreeCall // nil if the call is paid for
	// metered says that nothing said by a call that has not delivered is nothing to pay.
	metered bool
	slices  slices
	end     Ending
	tab     *tab
	// told is what ends when the call does: what its client may hear once it is paid for.
	told func(paid bool)
}

// openBill begins the bill of a call that is paid from a channel, whose signature was
// checked, at the price of its line, which the payer has agreed to. It ends with close.
func (r *Register) openBill(l *Line, o *offer.Offer, by Customer) *Bill {
	b := &Bill{line: l, price: l.Price, metered: o.Metered}
	l.meter = &b.Meter
	if o.Free != nil {
		b.free = r.Free.Take(o.Free, r.payer(by), l.Price)
	}
	return b
}

// payer is who a customer is to allowances: all its channels share one.
func (r *Register) payer(c Customer) offer.Payer {
	if c.Payer != (common.Address{}) {
		return offer.Payer{Payer: c.Payer, Signer: c.Payer}
	}
	state, _ := r.Ledger.Channel(c.Channel) // is there: money of it is held
	return offer.Payer{Payer: state.Config.Payer, Signer: state.Config.VoucherSigner()}
}

// TellsWhenPaid has a function called when the call ends, with whether it is paid for. It may
// be called more than once: the first time counts.
func (b *Bill) TellsWhenPaid(f func(paid bool)) { b.told = f }

func (b *Bill) tells(paid bool) {
	if b.told != nil {
		b.told(paid)
	}
}

// Metering is the context of the call.
func (b *Bill) Metering(ctx context.Context) context.Context {
	return b.Meter.Running(ctx)
}

// total is what to charge, and what has to be durable with it.
func (b *Bill) total(ctx context.Context) (vouchers.Amount, []vouchers.Put) {
	cost := b.cost(ctx)
	if b.free == nil || cost == 0 {
		b.close(false) // what costs nothing uses nothing up
		b.free = nil
		return cost, nil
	}
	return 0, []vouchers.Put{b.free.Spend(cost)}
}

// cost is what the call has cost, at most its price.
func (b *Bill) cost(ctx context.Context) vouchers.Amount {
	reported, err := b.Meter.Cost()
	if err != nil {
		b.line.trouble(ctx, slog.LevelError, "the cost of a metered call cannot be read: it is charged as 0", slog.Any("error", err))
		return 0
	}
	if reported == nil && b.metered && b.end != Delivered {
		return 0
	}
	if reported == nil {
		b.silentMeter(ctx)
		return b.price
	}
	if *reported > b.price {
		b.line.trouble(ctx, slog.LevelWarn, "a metered call has cost more than the payer agreed to: it is charged its price", slog.Any("cost", *reported))
		return b.price
	}
	return *reported
}

// silentMeter warns the seller, once for each tool, of a meter that says nothing.
func (b *Bill) silentMeter(ctx context.Context) {
	if !b.metered {
		return
	}
	if _, known := b.line.register.silent.LoadOrStore(b.line.Name, true); !known {
		b.line.trouble(ctx, slog.LevelWarn, "a metered tool has not reported what its call has cost: the payer is charged the most that it may cost; let it report "+offer.MetaCost+" in its result's _meta, or the header "+offer.HeaderCost+", or price it without a meter")
	}
}

// close ends the bill; committed says that its total is durable. It may be called again.
func (b *Bill) close(committed bool) {
	if b.free != nil {
		b.free.End(committed)
	}
}

// settle notes that the call was charged, or that its charge has failed, which is not its
// payer's doing.
func (b *Bill) settle(total vouchers.Amount, err error) {
	if _, denied := errors.AsType[*Denied](err); denied { // by who did not pay
		b.tells(false)
		return
	}
	if total > 0 || b.end == Delivered || err != nil {
		b.tab.settle()
	}
	b.tells(err == nil && (total > 0 || b.end == Delivered))
}
