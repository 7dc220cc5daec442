package agent

import (
	"maps"
	"slices"
	"strings"

	"github.com/chitpay/chit/vouchers"
)

// The pools of a channel stand in the table under its id, after a character that no
// tool's name has there; before a tool's name it is a tool on its way.
const (
	// signedPool is what was signed and not charged: the next calls are paid from it.
	signedPool = "\x01"
	// concededPool is what the server counts and no receipt explains.
	concededPool = "\x02"
	// onItsWay is what was signed for calls of a tool that are not answered.
	onItsWay = "\x03"
)

// tokensSpent is before the name of a tool: what tokens that this payer holds have spent on
// it, or, before the tool that sells credit, what those have spent that it has bought.
const tokensSpent = "\x04"

// restoredTool stands for what was charged before the book was lost.
const restoredTool = "(recovered)"

// lateTool stands for calls that were charged after the server had said that they were not.
const lateTool = "(late)"

// grantTool is the tool that sells credit: what is spent on it comes back when a grant ends.
const grantTool = "chit_credit_grant"

// isPool tells a pool from a tool.
func (s spent) isPool() bool {
	return strings.HasPrefix(s.tool, signedPool) || strings.HasPrefix(s.tool, concededPool)
}

// isOnItsWay tells what is not answered from what is spent.
func (s spent) isOnItsWay() bool { return strings.HasPrefix(s.tool, onItsWay) }

// isOnToken tells what tokens have spent that this payer holds: it was never in a channel of
// its own.
func (s spent) isOnToken() bool {
	return strings.HasPrefix(s.tool, tokensSpent) && s.tool != tokensSpent+grantTool
}

// name is that of the tool, whether its calls are answered or not.
func (s spent) name() string {
	if !s.isOnItsWay() {
		return strings.TrimPrefix(s.tool, tokensSpent)
	}
	return s.tool[len(wayOf(vouchers.ChannelID{})):]
}

// wayOf is what the names of a channel's tools on their way begin with.
func wayOf(id vouchers.ChannelID) string { return onItsWay + id.Hex() }

// leaf is the table while it is updated for one server.
type leaf struct {
	rows   map[spent]vouchers.Amount
	server string
	pools  []spent // of what was signed at the server, the newest day first
}

func newLeaf(rows map[spent]vouchers.Amount, server string) *leaf {
	l := &leaf{rows: rows, server: server}
	l.pools = l.of(func(key spent) bool { return strings.HasPrefix(key.tool, signedPool) })
	return l
}

// of are the server's rows of a kind, the newest day first.
func (l *leaf) of(kind func(spent) bool) (all []spent) {
	for key := range maps.Keys(l.rows) {
		if key.server == l.server && kind(key) {
			all = append(all, key)
		}
	}
	slices.SortFunc(all, func(a, b spent) int {
		return strings.Compare(b.day+"\x00"+b.tool, a.day+"\x00"+a.tool)
	})
	return all
}

// piece is a part of a row.
type piece struct {
	spent
	amount vouchers.Amount
}

// some are parts of rows that come to an amount, as far as that goes.
func (l *leaf) some(amount vouchers.Amount, of []spent) (pieces []piece) {
	for _, key := range of {
		if part := min(amount, l.rows[key]); part > 0 {
			pieces = append(pieces, piece{key, part})
			amount -= part
		}
	}
	return pieces
}

// from is what a change has from the channel's pool, as far as that goes: first of its
// own day.
func (l *leaf) from(c change) []piece {
	own := spent{c.day, l.server, signedPool + c.channel.Hex()}
	keys := []spent{own}
	for _, key := range l.pools {
		if key != own && key.tool == own.tool {
			keys = append(keys, key)
		}
	}
	return l.some(c.amount, keys)
}

// take takes pieces out of their rows, and returns what they come to.
func (l *leaf) take(pieces []piece) (taken vouchers.Amount) {
	for _, p := range pieces {
		l.rows[p.spent] -= p.amount
		taken += p.amount
	}
	return taken
}

// book makes a change, and returns what it took from the pool.
func (l *leaf) book(c change) (taken vouchers.Amount) {
	row := spent{c.day, l.server, c.tool}
	switch c.kind {
	case concedes:
		row.tool = concededPool + c.channel.Hex()
	case holds, ends, undoes, pays:
		row.tool = wayOf(c.channel) + c.tool
	}
	switch c.kind {
	case holds, concedes, restores:
		taken = l.take(l.from(c))
		l.rows[row] = l.rows[row].Plus(c.amount)
	case undoes:
		l.rows[row] -= min(c.amount, l.rows[row])
		l.pool(c.day, c, c.taken)
	case ends:
		l.end(c, row)
	case resolves:
		l.resolve(c)
	case returns:
		l.comeBack(c)
	case retracts:
		l.take(l.from(c))
	case pays:
		l.take(l.some(c.amount, []spent{row}))
		paid := spent{c.day, l.server, tokensSpent + c.tool}
		l.rows[paid] = l.rows[paid].Plus(c.cost)
	case exceeds, finds:
		l.pool(c.day, c, c.amount)
	}
	return taken
}

// end books what a call has cost, and puts the rest of what was on its way for it into
// the pool. Another answer may have taken its own money for another call's: then it has
// that one's.
func (l *leaf) end(c change, row spent) {
	if missing := c.amount - l.take(l.some(c.amount, []spent{row})); missing > 0 {
		l.take(l.some(missing, l.underWay(c.channel)))
	}
	spentOn := spent{c.day, l.server, c.tool}
	l.rows[spentOn] = l.rows[spentOn].Plus(c.cost)
	l.pool(c.day, c, c.amount-c.cost)
}

// resolve books what calls have cost whose answers never came: the oldest were charged.
func (l *leaf) resolve(c change) {
	keys := l.underWay(c.channel)
	freed := l.some(c.amount-c.cost, keys)
	l.take(freed)
	for _, p := range freed {
		l.pool(p.day, c, p.amount)
	}
	slices.Reverse(keys)
	charged := l.some(c.cost, keys)
	l.take(charged)
	for _, p := range charged {
		row := spent{p.day, l.server, p.name()}
		l.rows[row] = l.rows[row].Plus(p.amount)
	}
}

// underWay are the channel's rows of what is on its way, the newest day first.
func (l *leaf) underWay(id vouchers.ChannelID) []spent {
	return l.of(func(key spent) bool { return strings.HasPrefix(key.tool, wayOf(id)) })
}

// comeBack puts into the pool what was conceded, or else spent: first of all on credit.
func (l *leaf) comeBack(c change) {
	conceded := l.of(func(key spent) bool { return key.tool == concededPool+c.channel.Hex() })
	grants := l.of(func(key spent) bool { return key.tool == grantTool })
	others := l.of(func(key spent) bool {
		return !key.isPool() && !key.isOnItsWay() && key.tool != grantTool && !key.isOnToken()
	})
	pieces := l.some(c.amount, slices.Concat(conceded, grants, others))
	l.take(pieces)
	for _, p := range pieces {
		l.pool(p.day, c, p.amount)
	}
}

// pool adds to what was signed in a channel and not charged.
func (l *leaf) pool(day string, c change, amount vouchers.Amount) {
	key := spent{day, l.server, signedPool + c.channel.Hex()}
	if amount > 0 && !slices.Contains(l.pools, key) {
		l.pools = slices.Insert(l.pools, 0, key)
	}
	l.rows[key] = l.rows[key].Plus(amount)
}
