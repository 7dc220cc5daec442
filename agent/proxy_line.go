package agent

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// line is what the log of a proxy says of one call. Every call has the same members in the
// same order, without those that it does not have: tool, payer, channel, grant, price,
// charged, remaining, code, took.
type line struct {
	tool    string
	began   time.Time
	payer   common.Address
	channel vouchers.ChannelID
	grant   string
	price   vouchers.Amount
	charged *vouchers.Amount
	// remaining is what is left of a credit token.
	remaining *vouchers.Amount
	code      string
}

// The codes of calls that have an answer.
const (
	codeOK     = "ok"
	codeFailed = "failed"
)

func (l *line) attrs() []slog.Attr {
	all := append(make([]slog.Attr, 0, 10), slog.String("tool", l.tool))
	if l.payer != (common.Address{}) {
		all = append(all, slog.String("payer", l.payer.Hex()))
	}
	if l.channel != (vouchers.ChannelID{}) {
		all = append(all, slog.String("channel", l.channel.Hex()))
	}
	if l.grant != "" {
		all = append(all, slog.String("grant", l.grant))
	}
	if l.price > 0 {
		all = append(all, slog.Any("price", l.price))
	}
	if l.charged != nil {
		all = append(all, slog.Any("charged", *l.charged))
	}
	if l.remaining != nil {
		all = append(all, slog.Any("remaining", *l.remaining))
	}
	return append(all, slog.String("code", l.code), slog.Duration("took", time.Since(l.began)))
}

// tell logs a call, and counts it: one that has an answer at the level debug, one that was
// not paid as a warning.
func (p *relay) tell(ctx context.Context, l *line, why error) {
	level, message := slog.LevelDebug, "call"
	if why != nil {
		level, message = slog.LevelWarn, "not paid"
	}
	p.dealt.add(l, why != nil)
	if !p.logger.Enabled(ctx, level) {
		return
	}
	all := l.attrs()
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

func (d *dealt) add(l *line, refused bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.charged != nil {
		d.charged = d.charged.Plus(*l.charged)
	}
	if !refused {
		d.calls++
		return
	}
	if d.not == nil {
		d.not = make(map[string]int64)
	}
	d.not[l.code]++
}

// sayWhatWasPaid logs the summary once, unless nothing was asked for.
func (p *relay) sayWhatWasPaid() { p.dealt.said.Do(p.summary) }

func (p *relay) summary() {
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
