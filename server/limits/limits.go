package limits

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
)

// ErrLimit says that there is no such limit, or that its value is none.
var ErrLimit = errors.New("not a limit")

// Limits bound what others can make a shop do, remember or spend. A zero field takes
// its default, which no honest client meets. docs/SECURITY.md lists them all with what
// happens at each; [Hits] count how often each was met.
type Limits struct {
	// Lookups is how many times a second unpaid requests may make the shop ask the chain,
	// with ten times as many at once: about channels that are not known, or whose voucher
	// is on chain, and as often about deposits that their payers have signed. One address
	// has a quarter of it.
	Lookups int
	// ChannelLookups is how many times a minute, and at once, the chain is asked about one
	// channel that is known.
	ChannelLookups int
	// PayerTransfers is how many times a minute, and at once, the chain is asked about transfers
	// of one payer who has paid by one before, and signs with the key of its address.
	PayerTransfers int
	// FailedTransferGas is how much gas transfers may take in a day of UTC that then fail, in gas
	// units. Then none is risked until the next day but for who has paid by a transfer before, has
	// no code and had none fail that day. One payer has a twentieth.
	FailedTransferGas int
	// Body is the largest request over HTTP, in bytes, and Bodies are those of all
	// requests that are being served.
	Body, Bodies int64
	// UnpaidBody is the largest request, in bytes, of which more than its surface is
	// decoded although it brings no payment. A larger call of a tool that has a price gets
	// its terms, calls of free tools pass, and anything else is refused.
	UnpaidBody int64
	// LargeDeposits is how many calls of more than UnpaidBody may come with a deposit each
	// second, with ten times as many at once.
	LargeDeposits int
	// BodyTime is how long a client may take to send a request, and ReadTime to read each
	// 256 KiB of its answer.
	BodyTime, ReadTime time.Duration
	// Streams is how many streams are open for news at once.
	Streams int
	// Watches is how many resources a session may watch through a gateway, AllWatches how
	// many all together, and WatchedURI the longest URI of one, in bytes.
	Watches, AllWatches int
	WatchedURI          int64
	// Listed is how many entries each list of a gateway's upstream may have.
	Listed int
	// Answer is the longest answer that is sold over plain HTTP, or that an upstream of a
	// gateway may give, in bytes.
	Answer int64
	// LeastDeposit and LeastRefund are the least that the shop sends a transaction for, in
	// atomic USDC, where the price of gas is not known, or is lower: where it is known
	// ([settle.Policy.CoinPrice]), a deposit and a refund of a part are for what their gas
	// costs at least. All that is left of a channel is always given back.
	LeastDeposit, LeastRefund vouchers.Amount
	// DepositGas and RefundGas are how much gas deposits, and refunds of a part, may take on
	// each chain in a day of UTC, in gas units: then they wait for the next.
	DepositGas, RefundGas int
	// DepositGasCap and RefundGasCap are how much one may take, in gas units.
	DepositGasCap, RefundGasCap int
	// ChannelErrands is how many deposits and refunds of a part one channel has in an hour.
	ChannelErrands int
	// LiveGrants is how many credit grants of one channel are live at once, and NewGrants
	// how many it gets in an hour.
	LiveGrants, NewGrants int
	// EndedGrants is how many grants of one channel are remembered that have ended, and
	// EndedGrantTime for how long; each is for an hour.
	EndedGrants    int
	EndedGrantTime time.Duration
	// TopUps is how often one grant is topped up.
	TopUps int
	// TokenCounters is how many counters the tokens of one grant have in use.
	TokenCounters int
	// ChannelCounters is how many those of all grants of one channel have in use.
	ChannelCounters int
	// RevokedTokens is how many of the tokens are revoked that holders have made of one
	// narrowed token, and a sixteenth of how many of one grant.
	RevokedTokens int
	// TokenCache is how many bytes the tokens take that need not be verified again.
	TokenCache int64
	// UnchargedCalls is how many more calls of a tool a channel, or a grant, may have in
	// UnchargedPer that ran and ended without a charge than calls that were charged, with
	// those that run at the moment.
	UnchargedCalls int
	UnchargedPer   time.Duration
	// Errands is how many deposits and refunds wait for a chain at once.
	Errands int
}

// known are the fields of [Limits] by their names in configs, with their defaults.
var known = []limit{
	limitOf("lookups", "20", func(l *Limits) *int { return &l.Lookups }, parseCount),
	limitOf("channelLookups", "60", func(l *Limits) *int { return &l.ChannelLookups }, parseCount),
	limitOf("payerTransfers", "600", func(l *Limits) *int { return &l.PayerTransfers }, parseCount),
	limitOf("failedTransferGas", "20000000", func(l *Limits) *int { return &l.FailedTransferGas }, parseCount),
	limitOf("body", "4MiB", func(l *Limits) *int64 { return &l.Body }, ParseSize),
	limitOf("bodies", "256MiB", func(l *Limits) *int64 { return &l.Bodies }, ParseSize),
	limitOf("unpaidBody", "64KiB", func(l *Limits) *int64 { return &l.UnpaidBody }, ParseSize),
	limitOf("largeDeposits", "1", func(l *Limits) *int { return &l.LargeDeposits }, parseCount),
	limitOf("bodyTime", "30s", func(l *Limits) *time.Duration { return &l.BodyTime }, parseTime),
	limitOf("readTime", "30s", func(l *Limits) *time.Duration { return &l.ReadTime }, parseTime),
	limitOf("streams", "4096", func(l *Limits) *int { return &l.Streams }, parseCount),
	limitOf("watches", "100", func(l *Limits) *int { return &l.Watches }, parseCount),
	limitOf("allWatches", "10000", func(l *Limits) *int { return &l.AllWatches }, parseCount),
	limitOf("watchedURI", "2KiB", func(l *Limits) *int64 { return &l.WatchedURI }, ParseSize),
	limitOf("listed", "10000", func(l *Limits) *int { return &l.Listed }, parseCount),
	limitOf("answer", "16MiB", func(l *Limits) *int64 { return &l.Answer }, ParseSize),
	limitOf("leastDeposit", "0.001", func(l *Limits) *vouchers.Amount { return &l.LeastDeposit }, parseMoney),
	limitOf("leastRefund", "0.001", func(l *Limits) *vouchers.Amount { return &l.LeastRefund }, parseMoney),
	limitOf("depositGas", "1000000000", func(l *Limits) *int { return &l.DepositGas }, parseCount),
	limitOf("refundGas", "200000000", func(l *Limits) *int { return &l.RefundGas }, parseCount),
	limitOf("depositGasCap", "1000000", func(l *Limits) *int { return &l.DepositGasCap }, parseCount),
	limitOf("refundGasCap", "1000000", func(l *Limits) *int { return &l.RefundGasCap }, parseCount),
	limitOf("channelErrands", "60", func(l *Limits) *int { return &l.ChannelErrands }, parseCount),
	limitOf(credit.LimitLiveGrants, "1000", func(l *Limits) *int { return &l.LiveGrants }, parseCount),
	limitOf(credit.LimitNewGrants, "1000", func(l *Limits) *int { return &l.NewGrants }, parseCount),
	limitOf(credit.LimitEndedGrants, "200", func(l *Limits) *int { return &l.EndedGrants }, parseCount),
	limitOf(credit.LimitEndedTime, "720h", func(l *Limits) *time.Duration { return &l.EndedGrantTime }, parseTime),
	limitOf(credit.LimitTopUps, "1000", func(l *Limits) *int { return &l.TopUps }, parseCount),
	limitOf(credit.LimitCounters, "65536", func(l *Limits) *int { return &l.TokenCounters }, parseCount),
	limitOf(credit.LimitChannel, "262144", func(l *Limits) *int { return &l.ChannelCounters }, parseCount),
	limitOf(credit.LimitRevocations, "256", func(l *Limits) *int { return &l.RevokedTokens }, parseCount),
	limitOf(credit.LimitSessions, "64MiB", func(l *Limits) *int64 { return &l.TokenCache }, ParseSize),
	limitOf("unchargedCalls", "2048", func(l *Limits) *int { return &l.UnchargedCalls }, parseCount),
	limitOf("unchargedPer", "1h", func(l *Limits) *time.Duration { return &l.UnchargedPer }, parseTime),
	limitOf("errands", "256", func(l *Limits) *int { return &l.Errands }, parseCount),
}

// limit is one field of [Limits].
type limit struct {
	name, standard string
	unset          func(*Limits) bool
	set            func(*Limits, string) error
	show           func(*Limits) string // as set reads it
}

func limitOf[T comparable](name, standard string, field func(*Limits) *T, parse func(string) (T, error)) limit {
	return limit{
		name: name, standard: standard,
		unset: func(l *Limits) bool { return *field(l) == *new(T) },
		set: func(l *Limits, text string) (err error) {
			*field(l), err = parse(text)
			return err
		},
		show: func(l *Limits) string {
			if amount, is := any(*field(l)).(vouchers.Amount); is {
				return amount.Decimal()
			}
			return fmt.Sprint(*field(l))
		},
	}
}

// Defaults returns the names of all limits with their defaults, as a config would
// have them.
func Defaults() map[string]string {
	all := make(map[string]string, len(known))
	for _, limit := range known {
		all[limit.name] = limit.standard
	}
	return all
}

// Set sets the limit with this name from the text that a config has for it: a whole
// number, a time such as "30s", a size such as "64KiB", an amount of USDC such as
// "0.01"; none of them is 0. The error wraps [ErrLimit].
func (l *Limits) Set(name, text string) error {
	at := slices.IndexFunc(known, func(l limit) bool { return l.name == name })
	if at < 0 {
		names := slices.Sorted(maps.Keys(Defaults()))
		return fmt.Errorf("%w: %q; known are %s", ErrLimit, name, strings.Join(names, ", "))
	}
	if err := known[at].set(l, text); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrLimit, name, err)
	}
	return nil
}

// WithDefaults returns the limits that apply.
func (l Limits) WithDefaults() Limits {
	for _, limit := range known {
		if !limit.unset(&l) {
			continue
		}
		if err := limit.set(&l, limit.standard); err != nil {
			panic(fmt.Sprintf("the default of the limit %s: %v", limit.name, err))
		}
	}
	return l
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a whole number from 1 to %d", text, math.MaxInt)
	}
	return n, nil
}

func parseTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a time such as 30s, 10m or 24h", text)
	}
	return d, nil
}

// sizeUnits end the text of a size; a plain number is bytes.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}}

// ParseSize reads a size such as 64KiB or 16MiB, and returns bytes.
func ParseSize(text string) (int64, error) {
	for _, unit := range sizeUnits {
		number, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 1 || n > math.MaxInt64/unit.bytes {
			break
		}
		return n * unit.bytes, nil
	}
	return 0, fmt.Errorf("%q is not a size such as 64KiB or 16MiB", text)
}

func parseMoney(text string) (vouchers.Amount, error) {
	amount, err := vouchers.ParseAmount(text)
	if err == nil && amount == 0 {
		err = fmt.Errorf("%q is nothing", text)
	}
	return amount, err
}

// Credit are the limits of credit tokens.
func (l Limits) Credit() credit.Limits {
	return credit.Limits{
		LiveGrants: l.LiveGrants, NewGrants: l.NewGrants, EndedGrants: l.EndedGrants, EndedTime: l.EndedGrantTime,
		TopUps: l.TopUps, Counters: l.TokenCounters, ChannelCounters: l.ChannelCounters, Revocations: l.RevokedTokens, SessionBytes: l.TokenCache,
	}
}
