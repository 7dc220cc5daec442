package listing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chitpay/chit/server"
)

// maxNamed is how many names a line of the log has.
const maxNamed = 50

// tell logs a report that says something new. It is called with l.mu held.
func (l *Listing) tell() {
	r := l.report()
	var priced, free, hidden, open, dead []string
	for _, e := range r.Entries {
		switch {
		case e.Hidden != "" && e.Kind == "tool":
			hidden = append(hidden, e.Upstream+": "+e.Own+" ("+e.Hidden+")")
		case e.Hidden != "":
			open = append(open, e.Upstream+": "+e.Own)
		case e.Price == server.Free:
			free = append(free, e.Shown)
		default:
			priced = append(priced, e.Shown)
		}
	}
	for _, d := range r.Dead {
		dead = append(dead, d.String())
	}
	told := fmt.Sprint(priced, free, hidden, open, dead)
	if told == l.told {
		return
	}
	l.told = told
	l.logger.Info("for sale", "priced", few(priced), "free", few(free))
	if len(hidden) > 0 {
		l.logger.Warn("tools that are not shown", "tools", few(hidden))
	}
	if len(open) > 0 {
		l.logger.Info("resources and prompts that are not shown: a price or an upstream's settings resources and prompts name those that are", "names", few(open))
	}
	if len(dead) > 0 {
		l.logger.Warn("patterns that stand for nothing", "patterns", few(dead))
	}
}

func few(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// TellAgain logs what has come to be sold since the gateway began.
func (l *Listing) TellAgain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ready {
		l.tell()
	}
}
