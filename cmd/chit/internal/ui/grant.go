package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// Grant prints a grant with its limits and its history.
func Grant(w io.Writer, g credit.Grant) error {
	fmt.Fprintf(w, "grant %s %s\npayer %s, signed by %s, channel %s\nbudget %s, spent %s, left %s\n\n", g.ID, plain.Text(g.Label), g.Payer, g.Signer, g.Channel, g.Budget, g.Spent, g.Remaining())
	limits := make([][]string, len(g.Scope))
	for i, caveat := range g.Scope {
		limits[i] = []string{Caveat(caveat)}
	}
	if err := Table(w, []string{"LIMIT"}, limits); err != nil {
		return err
	}
	fmt.Fprintln(w)
	events := make([][]string, len(g.History))
	for i, e := range g.History {
		amount := ""
		if e.Amount != 0 || e.What == credit.DeedReturned {
			amount = e.Amount.Decimal()
		}
		events[i] = []string{UTC(e.At), string(e.What), amount, string(e.By), e.Token}
	}
	return Table(w, []string{"WHEN", "WHAT", "USDC", "BY", "TOKEN"}, events)
}

// Caveat is a caveat as people write it.
func Caveat(text string) string {
	c, err := macaroon.ParseCaveat(text)
	if err != nil {
		return text
	}
	name := strings.ReplaceAll(c.Kind.String(), "_", " ") + " "
	switch c.Kind {
	case macaroon.KindBudget, macaroon.KindPerCall:
		return name + vouchers.Amount(c.Limit).String()
	case macaroon.KindRate:
		return name + vouchers.Amount(c.Limit).String() + " in " + (time.Duration(c.Period) * time.Second).String()
	case macaroon.KindExpires, macaroon.KindNotBefore:
		return name + time.Unix(int64(c.Time), 0).UTC().Format(time.RFC3339)
	}
	_, value, _ := strings.Cut(text, "=")
	return name + value
}
