package agent

import (
	"maps"
	"slices"
	"strings"

	"github.com/chitpay/chit/vouchers"
)

// The pools of a channel stand in the table under its id, after a character that no
// tool's name has there.
const (
	// signedPool is what was signed and not charged: the next calls are paid from it.
	signedPool = "\x01"
	// concededPool is what the server counts and no receipt explains.
	concededPool = "\x02"
)

// restoredTool stands for what was charged before the book was lost.
const restoredTool = "(recovered)"

// isPool tells a pool from a tool.
func (s spent) isPool() bool {
	return strings.HasPrefix(s.tool, signedPool) || strings.HasPrefix(s.tool, concededPool)
}

// leaf is the table while it is updated for one server.
type leaf struct {
	rows   map[spent]vouchers.Amount
	server string
	pools  []spent // of what was signed at the server, the newest day first
}

func newLeaf(rows map[spent]vouchers.Amount, server string) *leaf {
	l := &leaf{rows: rows, server: server}
	for key := range maps.Keys(rows) {
		if key.server == server && strings.HasPrefix(key.tool, signedPool) {
			l.pools = append(l.pools, key)
		}
	}
	slices.SortFunc(l.pools, func(a, b spent) int { return strings.Compare(b.day, a.day) })
	return l
}

// piece is a part of a pool.
type piece struct {
	spent
	amount vouchers.Amount
}

// from is what a change has from the channel's pool, as far as that goes: first of its
// own day.
func (l *leaf) from(c change) (pieces []piece) {
	missing := c.amount
	take := func(key spent) {
		if amount := min(missing, l.rows[key]); amount > 0 {
			pieces = append(pieces, piece{key, amount})
			missing -= amount
		}
	}
	own := spent{c.day, l.server, signedPool + c.channel.Hex()}
	take(own)
	for _, key := range l.pools {
		if key != own && key.tool == own.tool {
			take(key)
		}
	}
	return pieces
}

// book makes a change, and returns what it took from the pool.
func (l *leaf) book(c change) (taken vouchers.Amount) {
	row := spent{c.day, l.server, c.tool}
	if c.kind == concedes {
		row.tool = concededPool + c.channel.Hex()
	}
	switch c.kind {
	case holds, concedes, restores:
		for _, p := range l.from(c) {
			l.rows[p.spent] -= p.amount
			taken += p.amount
		}
		l.rows[row] = plus(l.rows[row], c.amount)
	case frees:
		l.rows[row] -= min(c.amount, l.rows[row])
		l.pool(c, c.amount)
	case undoes:
		l.rows[row] -= min(c.amount, l.rows[row])
		l.pool(c, c.taken)
	case exceeds, finds:
		l.pool(c, c.amount)
	}
	return taken
}

// pool adds to what was signed in a channel and not charged.
func (l *leaf) pool(c change, amount vouchers.Amount) {
	key := spent{c.day, l.server, signedPool + c.channel.Hex()}
	if amount > 0 && !slices.Contains(l.pools, key) {
		l.pools = slices.Insert(l.pools, 0, key)
	}
	l.rows[key] = plus(l.rows[key], amount)
}
