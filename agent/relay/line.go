package relay

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// Line is what the log of a proxy says of one call. Every call has the same members in the
// same order, without those that it does not have: tool, payer, channel, grant, price,
// charged, remaining, code, took.
type Line struct {
	Tool    string
	Began   time.Time
	Payer   common.Address
	Channel vouchers.ChannelID
	Grant   string
	Price   vouchers.Amount
	Charged *vouchers.Amount
	// Remaining is what is left of a credit token.
	Remaining *vouchers.Amount
	Code      string
}

// The codes of calls that have an answer.
const (
	CodeOK     = "ok"
	CodeFailed = "failed"
)

// Attrs are the members of the line that the call has.
func (l *Line) Attrs() []slog.Attr {
	all := append(make([]slog.Attr, 0, 10), slog.String("tool", l.Tool))
	if l.Payer != (common.Address{}) {
		all = append(all, slog.String("payer", l.Payer.Hex()))
	}
	if l.Channel != (vouchers.ChannelID{}) {
		all = append(all, slog.String("channel", l.Channel.Hex()))
	}
	if l.Grant != "" {
		all = append(all, slog.String("grant", l.Grant))
	}
	if l.Price > 0 {
		all = append(all, slog.Any("price", l.Price))
	}
	if l.Charged != nil {
		all = append(all, slog.Any("charged", *l.Charged))
	}
	if l.Remaining != nil {
		all = append(all, slog.Any("remaining", *l.Remaining))
	}
	return append(all, slog.String("code", l.Code), slog.Duration("took", time.Since(l.Began)))
}

// Tell logs a call, and counts it: one that has an answer at the level debug, one that was
// not paid as a warning.
func (p *Relay) Tell(ctx context.Context, l *Line, why error) {
	level, message := slog.LevelDebug, "call"
	if why != nil {
		level, message = slog.LevelWarn, "not paid"
	}
	p.dealt.add(l, why != nil)
	if !p.logger.Enabled(ctx, level) {
		return
	}
	all := l.Attrs()
	if why != nil {
		all = append(all, slog.Any("error", why))
	}
	p.logger.LogAttrs(ctx, level, message, all...)
}

// dealt counts the calls of a proxy, for the summary when it stops.
type dealt struct {
	said sync.Once

	mu      sync.Mutex // guards what follows
	calls   int64
	charged vouchers.Amount
	not     map[string]int64 // calls that were not paid, by their codes
}

func (d *dealt) add(l *Line, refused bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.Charged != nil {
		d.charged = d.charged.Plus(*l.Charged)
	}
	if !refused {
		d.calls++
		return
	}
	if d.not == nil {
		d.not = make(map[string]int64)
	}
	d.not[l.Code]++
}

// SayWhatWasPaid logs the summary once, unless nothing was asked for.
func (p *Relay) SayWhatWasPaid() { p.dealt.said.Do(p.summary) }

func (p *Relay) summary() {
	p.dealt.mu.Lock()
	defer p.dealt.mu.Unlock()
	refused := int64(0)
	for _, n := range p.dealt.not {
		refused += n
	}
	if p.dealt.calls+refused > 0 {
		p.logger.Info("paid", "calls", p.dealt.calls, "charged", p.dealt.charged, "refused", refused, slog.Any("codes", maps.Clone(p.dealt.not)))
	}
}
