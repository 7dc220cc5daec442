package sale

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
)

// Line is what the log says of one call of a tool, or of one request of a route: who asked
// for what, who pays how, and what came of it. Every line of the log about a call has the
// same members in the same order, and leaves out those that the call does not have:
// request, tool or route, payer, channel, grant, price, charged, code, upstream,
// upstreamTook, took. It is put together only where it is written.
type Line struct {
	register *Register
	// kind is "tool", "resource", "prompt" or "route".
	kind, Name string
	header     http.Header // of the HTTP request, nil if there is none
	began      time.Time
	payer      common.Address
	channel    vouchers.ChannelID
	grant      macaroon.GrantID
	Price      vouchers.Amount
	meter      *offer.Meter // of the call, nil until it runs
	written    bool         // what became of the call
}

// The codes of calls that were not refused.
const (
	CodeOK         = "ok"
	CodeFailed     = "failed"
	CodeCancelled  = "cancelled"
	codeUnfinished = "unfinished"
	codeRepeated   = "repeated" // the answer that the same payment got before
	codeWithheld   = "withheld" // the charge could not be written down
)

// Code is what the log calls the ending.
func (e Ending) Code() string {
	switch e {
	case Failed:
		return CodeFailed
	case Cancelled:
		return CodeCancelled
	case Unfinished:
		return codeUnfinished
	}
	return CodeOK
}

// Line begins the line of a call of a tool or a request of a route, which is its kind.
func (r *Register) Line(kind, name string, header http.Header) Line {
	return Line{register: r, kind: kind, Name: name, header: header, began: time.Now()}
}

// PaidBy notes who a payment says it is from, before it is judged.
func (l *Line) PaidBy(payer common.Address, channel vouchers.ChannelID) {
	l.payer, l.channel = payer, channel
}

// Spends notes which grant pays, and whose it is, if that is known.
func (l *Line) Spends(grant macaroon.GrantID, channel vouchers.ChannelID, payer common.Address) {
	l.grant, l.channel, l.payer = grant, channel, payer
}

// Running is the context of a call whose cost nobody asks for.
func (l *Line) Running(ctx context.Context) context.Context {
	l.meter = new(offer.Meter)
	return l.meter.Running(ctx)
}

// Close logs a call that has neither ended nor was refused: what was called has panicked,
// or its answer cannot be given.
func (l *Line) Close(ctx context.Context) {
	if !l.written {
		l.End(ctx, CodeFailed, 0)
	}
}

// End logs a call that was let in, and counts it.
func (l *Line) End(ctx context.Context, code string, charged vouchers.Amount) {
	l.written = true
	l.register.sold.add(code, charged)
	level := slog.LevelDebug
	var more []slog.Attr
	if asked := l.upstream(); asked != nil && asked.Err != nil {
		more = []slog.Attr{slog.Any("error", asked.Err)}
		if asked.Lost {
			level = slog.LevelWarn
		}
	}
	l.write(ctx, level, "call", code, &charged, more...)
}

// Refuse logs a call that was not let in, and counts it.
func (l *Line) Refuse(ctx context.Context, level slog.Level, code, detail string, more ...slog.Attr) {
	l.written = true
	l.register.sold.refuse(code)
	if detail != "" {
		more = append([]slog.Attr{slog.String("detail", detail)}, more...)
	}
	l.write(ctx, level, "payment refused", code, nil, more...)
}

// Refused is refuse for a payment by voucher, or for none.
func (l *Line) Refused(ctx context.Context, r *terms.Refusal) {
	code, level := r.InTheLog()
	l.Refuse(ctx, level, code, r.Detail)
}

// withheld logs a call that was made and whose charge could not be written down.
func (l *Line) withheld(ctx context.Context, err error) {
	l.written = true
	l.register.sold.add(codeWithheld, 0)
	l.write(ctx, slog.LevelError, "charge not durable, answer withheld", codeWithheld, nil, slog.Any("error", err))
}

// trouble logs what the operator should know of a call.
func (l *Line) trouble(ctx context.Context, level slog.Level, message string, more ...slog.Attr) {
	l.write(ctx, level, message, "", nil, more...)
}

func (l *Line) write(ctx context.Context, level slog.Level, message, code string, charged *vouchers.Amount, more ...slog.Attr) {
	if !l.register.Logger.Enabled(ctx, level) {
		return
	}
	all := append(make([]slog.Attr, 0, 16), slog.String(l.kind, l.Name))
	if id := l.header.Get(door.HeaderRequestID); id != "" {
		all = append([]slog.Attr{slog.String("request", id)}, all...)
	}
	if l.payer == (common.Address{}) && l.channel != (vouchers.ChannelID{}) {
		paying, _ := l.register.Ledger.Channel(l.channel) // not on the way of calls that nobody logs
		l.payer = paying.Config.Payer
	}
	if l.payer != (common.Address{}) {
		all = append(all, slog.String("payer", l.payer.Hex()))
	}
	if l.channel != (vouchers.ChannelID{}) {
		all = append(all, slog.String("channel", l.channel.Hex()))
	}
	if l.grant != (macaroon.GrantID{}) {
		all = append(all, slog.String("grant", l.grant.String()))
	}
	if l.Price > 0 || charged != nil {
		all = append(all, slog.Any("price", l.Price))
	}
	if charged != nil {
		all = append(all, slog.Any("charged", *charged))
	}
	if code != "" {
		all = append(all, slog.String("code", code))
	}
	if asked := l.upstream(); asked != nil {
		all = append(all, slog.String("upstream", asked.Name), slog.Duration("upstreamTook", asked.Took))
	}
	all = append(append(all, slog.Duration("took", time.Since(l.began))), more...)
	l.register.Logger.LogAttrs(ctx, level, message, all...)
}

func (l *Line) upstream() *offer.Asked {
	if l.meter == nil {
		return nil
	}
	return l.meter.Upstream()
}
