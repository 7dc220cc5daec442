package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// line is what the log says of one call of a tool, or of one request of a route: who asked
// for what, who pays how, and what came of it. Every line of the log about a call has the
// same members in the same order, and leaves out those that the call does not have:
// request, tool or route, payer, channel, grant, price, charged, code, upstream,
// upstreamTook, took. It is put together only where it is written.
type line struct {
	shop *Shop
	// kind is "tool" or "route".
	kind, name string
	header     http.Header // of the HTTP request, nil if there is none
	began      time.Time
	payer      common.Address
	channel    vouchers.ChannelID
	grant      credit.GrantID
	price      vouchers.Amount
	meter      *offer.Meter // of the call, nil until it runs
	written    bool         // what became of the call
}

// The codes of calls that were not refused.
const (
	codeOK         = "ok"
	codeFailed     = "failed"
	codeCancelled  = "cancelled"
	codeUnfinished = "unfinished"
	codeRepeated   = "repeated" // the answer that the same payment got before
	codeWithheld   = "withheld" // the charge could not be written down
)

func (e ending) code() string {
	switch e {
	case failed:
		return codeFailed
	case cancelled:
		return codeCancelled
	case unfinished:
		return codeUnfinished
	}
	return codeOK
}

func (s *Shop) toolLine(req mcp.CallToolRequest) line {
	return line{shop: s, kind: "tool", name: req.Params.Name, header: req.Header, began: time.Now()}
}

func (s *Shop) routeLine(name string, price vouchers.Amount, r *http.Request) line {
	return line{shop: s, kind: "route", name: name, price: price, header: r.Header, began: time.Now()}
}

// paidBy notes who a payment says it is from, before it is judged.
func (l *line) paidBy(payload *x402.PaymentPayload) {
	config, voucher, _ := channelOf(payload.Payload)
	l.payer, l.channel = config.Payer, voucher.Channel
}

// spends notes which grant pays.
func (l *line) spends(spend *credit.Spend) { l.channel, l.grant = spend.Channel(), spend.Grant() }

// running is the context of a call whose cost nobody asks for.
func (l *line) running(ctx context.Context) context.Context {
	l.meter = new(offer.Meter)
	return l.meter.Running(ctx)
}

// close logs a call that has neither ended nor was refused: what was called has panicked,
// or its answer cannot be given.
func (l *line) close(ctx context.Context) {
	if !l.written {
		l.end(ctx, codeFailed, 0)
	}
}

// end logs a call that was let in, and counts it.
func (l *line) end(ctx context.Context, code string, charged vouchers.Amount) {
	l.written = true
	l.shop.sold.add(code, charged)
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

// refuse logs a call that was not let in, and counts it.
func (l *line) refuse(ctx context.Context, level slog.Level, code, detail string, more ...slog.Attr) {
	l.written = true
	l.shop.sold.refuse(code)
	if detail != "" {
		more = append([]slog.Attr{slog.String("detail", detail)}, more...)
	}
	l.write(ctx, level, "payment refused", code, nil, more...)
}

// refused is refuse for a payment by voucher, or for none.
func (l *line) refused(ctx context.Context, r *terms.Refusal) {
	code, level := r.InTheLog()
	l.refuse(ctx, level, code, r.Detail)
}

// refuseToken logs a call that its credit token did not pay for, and counts it.
func (l *line) refuseToken(ctx context.Context, token credit.Token, r *credit.Refusal) {
	more := []slog.Attr{slog.Any("token", token)}
	if r.Caveat != "" {
		more = append(more, slog.String("caveat", r.Caveat))
	}
	l.refuse(ctx, slog.LevelInfo, string(r.Code), r.Error(), more...)
}

// withheld logs a call that was made and whose charge could not be written down.
func (l *line) withheld(ctx context.Context, err error) {
	l.written = true
	l.shop.sold.add(codeWithheld, 0)
	l.write(ctx, slog.LevelError, "charge not durable, answer withheld", codeWithheld, nil, slog.Any("error", err))
}

// trouble logs what the operator should know of a call.
func (l *line) trouble(ctx context.Context, level slog.Level, message string, more ...slog.Attr) {
	l.write(ctx, level, message, "", nil, more...)
}

func (l *line) write(ctx context.Context, level slog.Level, message, code string, charged *vouchers.Amount, more ...slog.Attr) {
	if !l.shop.logger.Enabled(ctx, level) {
		return
	}
	all := append(make([]slog.Attr, 0, 16), slog.String(l.kind, l.name))
	if id := l.header.Get(door.HeaderRequestID); id != "" {
		all = append([]slog.Attr{slog.String("request", id)}, all...)
	}
	if l.payer == (common.Address{}) && l.grant != (credit.GrantID{}) {
		paying, _ := l.shop.Ledger.Channel(l.channel) // not on the way of calls that nobody logs
		l.payer = paying.Config.Payer
	}
	if l.payer != (common.Address{}) {
		all = append(all, slog.String("payer", l.payer.Hex()))
	}
	if l.channel != (vouchers.ChannelID{}) {
		all = append(all, slog.String("channel", l.channel.Hex()))
	}
	if l.grant != (credit.GrantID{}) {
		all = append(all, slog.String("grant", l.grant.String()))
	}
	if l.price > 0 || charged != nil {
		all = append(all, slog.Any("price", l.price))
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
	l.shop.logger.LogAttrs(ctx, level, message, all...)
}

func (l *line) upstream() *offer.Asked {
	if l.meter == nil {
		return nil
	}
	return l.meter.Upstream()
}
