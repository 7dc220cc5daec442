package server

import (
	"context"
	"log/slog"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
)

// bill is what one call comes to: its price, or what its meter says, or nothing while
// the payer has an allowance.
type bill struct {
	line  *line
	price vouchers.Amount // the line's, which the payer has agreed to
	meter offer.Meter
	free  *offer.FreeCall // nil if the call is paid for
	// metered says that nothing said by a call that has not delivered is nothing to pay.
	metered bool
	end     ending
	tab     *tab
	hold    *onHold // nil if the client may be told everything
}

// openBill begins the bill of a call that is paid from a channel, whose signature was
// checked, at the price of its line, which the payer has agreed to. It ends with close.
func (s *Shop) openBill(l *line, r *offer.Offer, from func() vouchers.ChannelConfig) *bill {
	b := &bill{line: l, price: l.price, metered: r.Metered}
	l.meter = &b.meter
	if r.Free != nil {
		b.free = s.free.Take(r.Free, from(), l.price)
	}
	return b
}

// metering is the context of the call.
func (b *bill) metering(ctx context.Context) context.Context {
	return b.meter.Running(ctx)
}

// total is what to charge, and what has to be durable with it.
func (b *bill) total(ctx context.Context) (vouchers.Amount, []vouchers.Put) {
	cost := b.cost(ctx)
	if b.free == nil || cost == 0 {
		b.close(false) // what costs nothing uses nothing up
		b.free = nil
		return cost, nil
	}
	return 0, []vouchers.Put{b.free.Spend(cost)}
}

// cost is what the call has cost, at most its price.
func (b *bill) cost(ctx context.Context) vouchers.Amount {
	reported, err := b.meter.Cost()
	if err != nil {
		b.line.trouble(ctx, slog.LevelError, "the cost of a metered call cannot be read: it is charged as 0", slog.Any("error", err))
		return 0
	}
	if reported == nil && b.metered && b.end != delivered {
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
func (b *bill) silentMeter(ctx context.Context) {
	if !b.metered {
		return
	}
	if _, known := b.line.shop.silent.LoadOrStore(b.line.name, true); !known {
		b.line.trouble(ctx, slog.LevelWarn, "a metered tool has not reported what its call has cost: the payer is charged the most that it may cost; let it report "+offer.MetaCost+" in its result's _meta, or the header "+offer.HeaderCost+", or price it without a meter")
	}
}

// close ends the bill; committed says that its total is durable. It may be called again.
func (b *bill) close(committed bool) {
	if b.free != nil {
		b.free.End(committed)
	}
}

// settle notes that the call was charged, or that its charge has failed, which is not its
// payer's doing.
func (b *bill) settle(total vouchers.Amount, err error) {
	if total > 0 || b.end == delivered || err != nil {
		b.tab.settle()
	}
	b.hold.end(err == nil && (total > 0 || b.end == delivered))
}
