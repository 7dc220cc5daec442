package macaroon

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// Kind says what a caveat limits.
type Kind uint8

// The kinds of caveats. Any other makes a token worthless, since a limit that is
// not understood cannot be enforced.
const (
	KindChannel   Kind = iota + 1 // the channel that pays
	KindTools                     // which tools
	KindBudget                    // how much in total
	KindPerCall                   // how much for one call
	KindCalls                     // how many calls
	KindRate                      // how much in a period
	KindExpires                   // until when
	KindNotBefore                 // from when on
)

var kindNames = [...]string{
	KindChannel: "channel", KindTools: "tools", KindBudget: "budget", KindPerCall: "per_call",
	KindCalls: "calls", KindRate: "rate", KindExpires: "expires", KindNotBefore: "not_before",
}

// String returns the name of the kind as caveats have it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Counted reports whether what is spent under the caveat has to be remembered.
func (k Kind) Counted() bool { return k == KindBudget || k == KindCalls || k == KindRate }

// The limits of what caveats can say.
const (
	// MaxLimit is the largest budget, price and rate in atomic units, and the largest
	// number of calls.
	MaxLimit = math.MaxInt64
	// MaxPeriod is the longest period of a rate.
	MaxPeriod = 366 * 24 * time.Hour
	// MaxTime is the latest time, in Unix seconds.
	MaxTime = math.MaxUint32
)

// ErrCaveat is what a caveat that cannot be read, or is not known, is refused with.
var ErrCaveat = errors.New("invalid caveat")

// Caveat is one limit of a token. Its text is "name=value": money is in atomic
// units, times in Unix seconds, a rate is "amount/seconds", and tools are globs
// with commas between them.
type Caveat struct {
	Kind Kind
	// Channel of KindChannel.
	Channel vouchers.ChannelID
	// Tools of KindTools: 1 to [MaxGlobs] globs with commas between them.
	Tools string
	// Limit is 1 to [MaxLimit]: atomic units of KindBudget, KindPerCall and KindRate, or
	// the number of calls of KindCalls.
	Limit uint64
	// Period of KindRate, in seconds, 1 to [MaxPeriod].
	Period uint32
	// Time of KindExpires and KindNotBefore, in Unix seconds, not 0.
	Time uint32
}

// String returns the text of the caveat.
func (c Caveat) String() string {
	name := c.Kind.String() + "="
	switch c.Kind {
	case KindChannel:
		return name + c.Channel.Hex()
	case KindTools:
		return name + c.Tools
	case KindRate:
		return fmt.Sprintf("%s%d/%d", name, c.Limit, c.Period)
	case KindExpires, KindNotBefore:
		return name + strconv.FormatUint(uint64(c.Time), 10)
	default:
		return name + strconv.FormatUint(c.Limit, 10)
	}
}

// ParseCaveat reads the text of a caveat. There is one text for each caveat; any
// other, and an unknown name, is refused with an error that wraps [ErrCaveat].
func ParseCaveat(text string) (Caveat, error) {
	name, value, _ := strings.Cut(text, "=")
	c := Caveat{Kind: kindOf(name)}
	var err error
	switch c.Kind {
	case 0:
		return Caveat{}, fmt.Errorf("%w %q: this version knows of no such limit", ErrCaveat, plain.Clip(text))
	case KindChannel:
		c.Channel, err = vouchers.ParseChannelID(value)
	case KindTools:
		c.Tools, err = value, checkGlobs(value)
	case KindRate:
		amount, seconds, _ := strings.Cut(value, "/")
		var period uint64
		c.Limit, err = parseNumber(amount, MaxLimit)
		if err == nil {
			period, err = parseNumber(seconds, uint64(MaxPeriod/time.Second))
		}
		c.Period = uint32(period)
	case KindExpires, KindNotBefore:
		var at uint64
		at, err = parseNumber(value, MaxTime)
		c.Time = uint32(at)
	default:
		c.Limit, err = parseNumber(value, MaxLimit)
	}
	if err != nil {
		return Caveat{}, fmt.Errorf("%w %q: %w", ErrCaveat, plain.Clip(text), err)
	}
	if c.String() != text {
		return Caveat{}, fmt.Errorf("%w %q: it is written %q", ErrCaveat, plain.Clip(text), c)
	}
	return c, nil
}

func kindOf(name string) Kind {
	for kind, known := range kindNames {
		if known == name && name != "" {
			return Kind(kind)
		}
	}
	return 0
}

func parseNumber(s string, most uint64) (uint64, error) {
	n, err := vouchers.ParseAtomic(s)
	if err != nil || n == 0 || uint64(n) > most {
		return 0, fmt.Errorf("want a whole number from 1 to %d", most)
	}
	return uint64(n), nil
}
