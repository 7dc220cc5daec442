package budget

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
func (s Row) isPool() bool {
	return strings.HasPrefix(s.Tool, signedPool) || strings.HasPrefix(s.Tool, concededPool)
}

// isOnItsWay tells what is not answered from what is spent.
func (s Row) isOnItsWay() bool { return strings.HasPrefix(s.Tool, onItsWay) }

// isOnToken tells what tokens have spent that this payer holds: it was never in a channel of
// its own.
func (s Row) isOnToken() bool {
	return strings.HasPrefix(s.Tool, tokensSpent) && s.Tool != tokensSpent+grantTool
}

// name is that of the tool, whether its calls are answered or not.
func (s Row) name() string {
	if !s.isOnItsWay() {
		return strings.TrimPrefix(s.Tool, tokensSpent)
	}
	return s.Tool[len(wayOf(vouchers.ChannelID{})):]
}

// wayOf is what the names of a channel's tools on their way begin with.
func wayOf(id vouchers.ChannelID) string { return onItsWay + id.Hex() }

// leaf is the table while it is updated for one server.
type leaf struct {
	rows   Rows
	server string
	pools  []Row // of what was signed at the server, the newest day first
}

func newLeaf(rows Rows, server string) *leaf {
	l := &leaf{rows: rows, server: server}
	l.pools = l.of(func(key Row) bool { return strings.HasPrefix(key.Tool, signedPool) })
	return l
}

// of are the server's rows of a kind, the newest day first.
func (l *leaf) of(kind func(Row) bool) (all []Row) {
	for key := range maps.Keys(l.rows) {
		if key.Server == l.server && kind(key) {
			all = append(all, key)
		}
	}
	slices.SortFunc(all, func(a, b Row) int {
		return strings.Compare(b.Day+"\x00"+b.Tool, a.Day+"\x00"+a.Tool)
	})
	return all
}

// piece is a part of a row.
type piece struct {
	Row
	amount vouchers.Amount
}

// some are parts of rows that come to an amount, as far as that goes.
func (l *leaf) some(amount vouchers.Amount, of []Row) (pieces []piece) {
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
func (l *leaf) from(c Change) []piece {
	own := Row{c.Day, l.server, signedPool + c.Channel.Hex()}
	keys := []Row{own}
	for _, key := range l.pools {
		if key != own && key.Tool == own.Tool {
			keys = append(keys, key)
		}
	}
	return l.some(c.Amount, keys)
}

// take takes pieces out of their rows, and returns what they come to.
func (l *leaf) take(pieces []piece) (taken vouchers.Amount) {
	for _, p := range pieces {
		l.rows[p.Row] -= p.amount
		taken += p.amount
	}
	return taken
}

// book makes a change, and returns what it took from the pool.
func (l *leaf) book(c Change) (taken vouchers.Amount) {
	row := Row{c.Day, l.server, c.Tool}
	switch c.Kind {
	case concedes:
		row.Tool = concededPool + c.Channel.Hex()
	case holds, ends, undoes, pays:
		row.Tool = wayOf(c.Channel) + c.Tool
	}
	switch c.Kind {
	case holds, concedes, restores:
		taken = l.take(l.from(c))
		l.rows[row] = l.rows[row].Plus(c.Amount)
	case undoes:
		l.rows[row] -= min(c.Amount, l.rows[row])
		l.pool(c.Day, c, c.Taken)
	case ends:
		l.end(c, row)
	case resolves:
		l.resolve(c)
	case returns:
		l.comeBack(c)
	case retracts:
		l.take(l.from(c))
	case pays:
		l.take(l.some(c.Amount, []Row{row}))
		paid := Row{c.Day, l.server, tokensSpent + c.Tool}
		l.rows[paid] = l.rows[paid].Plus(c.Cost)
	case exceeds, finds:
		l.pool(c.Day, c, c.Amount)
	}
	return taken
}

// end books what a call has cost, and puts the rest of what was on its way for it into
// the pool. Another answer may have taken its own money for another call's: then it has
// that one's.
func (l *leaf) end(c Change, row Row) {
	if missing := c.Amount - l.take(l.some(c.Amount, []Row{row})); missing > 0 {
		l.take(l.some(missing, l.underWay(c.Channel)))
	}
	spentOn := Row{c.Day, l.server, c.Tool}
	l.rows[spentOn] = l.rows[spentOn].Plus(c.Cost)
	l.pool(c.Day, c, c.Amount-c.Cost)
}

// resolve books what calls have cost whose answers never came: the oldest were charged.
func (l *leaf) resolve(c Change) {
	keys := l.underWay(c.Channel)
	freed := l.some(c.Amount-c.Cost, keys)
	l.take(freed)
	for _, p := range freed {
		l.pool(p.Day, c, p.amount)
	}
	slices.Reverse(keys)
	charged := l.some(c.Cost, keys)
	l.take(charged)
	for _, p := range charged {
		row := Row{p.Day, l.server, p.name()}
		l.rows[row] = l.rows[row].Plus(p.amount)
	}
}

// underWay are the channel's rows of what is on its way, the newest day first.
func (l *leaf) underWay(id vouchers.ChannelID) []Row {
	return l.of(func(key Row) bool { return strings.HasPrefix(key.Tool, wayOf(id)) })
}

// comeBack puts into the pool what was conceded, or else spent: first of all on credit.
func (l *leaf) comeBack(c Change) {
	conceded := l.of(func(key Row) bool { return key.Tool == concededPool+c.Channel.Hex() })
	grants := l.of(func(key Row) bool { return key.Tool == grantTool })
	others := l.of(func(key Row) bool {
		return !key.isPool() && !key.isOnItsWay() && key.Tool != grantTool && !key.isOnToken()
	})
	pieces := l.some(c.Amount, slices.Concat(conceded, grants, others))
	l.take(pieces)
	for _, p := range pieces {
		l.pool(p.Day, c, p.amount)
	}
}

// pool adds to what was signed in a channel and not charged.
func (l *leaf) pool(day string, c Change, amount vouchers.Amount) {
	key := Row{day, l.server, signedPool + c.Channel.Hex()}
	if amount > 0 && !slices.Contains(l.pools, key) {
		l.pools = slices.Insert(l.pools, 0, key)
	}
	l.rows[key] = l.rows[key].Plus(amount)
}
