package buy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// creditVariable is the environment variable with the token that calls are paid with.
const creditVariable = "CHIT_CREDIT"

var scopeFlags = []cli.Flag{
	&cli.StringFlag{Name: "budget", Usage: "how much may be spent in total, in USDC"},
	&cli.StringFlag{Name: "tools", Usage: "which tools, with commas between them; * is any run of characters: 'search*,fetch'"},
	&cli.StringFlag{Name: "per-call", Usage: "the most that one call may cost, in USDC"},
	&cli.Uint64Flag{Name: "calls", Usage: "how many calls may be charged"},
	&cli.StringFlag{Name: "rate", Usage: "how much may be spent in a period: 0.50/1h"},
	&cli.DurationFlag{Name: "expires", Usage: "after how long it ends: 24h"},
	&cli.DurationFlag{Name: "not-before", Usage: "after how long it begins"},
}

// Credit is `chit credit`.
func Credit() *cli.Command {
	token := "[TOKEN]"
	from := "TOKEN is read from $" + creditVariable + " if it is not given."
	return &cli.Command{
		Name:  "credit",
		Usage: "hand out budgets as tokens that any MCP client can spend",
		Subcommands: []*cli.Command{
			{
				Name: "grant", Usage: "set a budget aside in the channel and print a token for it",
				Description: "Only the token is printed to standard output. It is a secret: whoever has it can spend it.",
				Flags:       append([]cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag, &cli.StringFlag{Name: "label", Usage: "your own name for it"}}, scopeFlags...),
				Action:      creditGrant,
			},
			{
				Name: "attenuate", Usage: "make a token of a token that may spend less; asks nobody", ArgsUsage: token, Description: from,
				Flags: scopeFlags, Action: creditAttenuate,
			},
			{
				Name: "inspect", Usage: "show what a token may be spent on and what is left, or the history of a grant", ArgsUsage: "[TOKEN|GRANT]", Description: from,
				Flags: []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag, &cli.BoolFlag{Name: "offline", Usage: "do not ask the server what is left"}}, Action: creditInspect,
			},
			{Name: "list", Usage: "list the grants of the channel to the server", Flags: []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag}, Action: creditList},
			{
				Name: "revoke", Usage: "end a grant, or a token, with everything that was made of it", ArgsUsage: "GRANT|TOKEN",
				Flags: []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag}, Action: creditRevoke,
			},
			{Name: "top-up", Usage: "add to the budget of a grant", ArgsUsage: "GRANT AMOUNT", Flags: []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag}, Action: creditTopUp},
		},
	}
}

// scope reads the flags that limit a token.
func scope(c *cli.Context) (s macaroon.Scope, err error) {
	for name, amount := range map[string]*vouchers.Amount{"budget": &s.Budget, "per-call": &s.PerCall} {
		if !c.IsSet(name) {
			continue
		}
		if *amount, err = vouchers.ParseAmount(c.String(name)); err != nil {
			return s, fmt.Errorf("--%s: %w", name, err)
		}
		if *amount == 0 {
			return s, fmt.Errorf("--%s: %w: nothing could be spent", name, vouchers.ErrAmount)
		}
	}
	if c.IsSet("tools") {
		s.Tools = strings.Split(c.String("tools"), ",")
	}
	s.Calls = c.Uint64("calls")
	if s.Rate, err = macaroon.ParseRate(c.String("rate")); err != nil {
		return s, fmt.Errorf("--rate: %w", err)
	}
	now := time.Now()
	for name, at := range map[string]*time.Time{"expires": &s.Expires, "not-before": &s.NotBefore} {
		if !c.IsSet(name) {
			continue
		}
		if c.Duration(name) <= 0 {
			return s, fmt.Errorf("%w: --%s %s: want a duration from now on, such as 24h", command.ErrUsage, name, c.Duration(name))
		}
		*at = now.Add(c.Duration(name))
	}
	return s, nil
}

// withOwner runs f for the payer's channel to the server.
func withOwner(c *cli.Context, f func(*allowance.Granter) error) (err error) {
	server, o, err := command.Payer(c, command.Unchanged)
	if err != nil {
		return err
	}
	owner, err := allowance.Open(c.Context, server, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	return f(owner)
}

// defaultExpiry is how long a grant lasts whose flags do not say.
const defaultExpiry = 24 * time.Hour

func creditGrant(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	limits, err := scope(c)
	if err != nil {
		return err
	}
	if limits.Budget == 0 {
		return fmt.Errorf("%w: --budget is missing: how much may be spent in total, in USDC", command.ErrUsage)
	}
	if limits.Expires.IsZero() {
		limits.Expires = time.Now().Add(defaultExpiry)
	}
	return withOwner(c, func(owner *allowance.Granter) error {
		granted, err := owner.Grant(c.Context, limits, c.String("label"))
		if granted.Token == "" {
			return err
		}
		return errors.Join(command.Print(c, granted, func(w io.Writer) error {
			fmt.Fprintf(os.Stderr, "granted %s until %s, grant %s\n", granted.Grant.Budget, granted.Grant.Expires.UTC().Format(time.RFC3339), granted.Grant.ID)
			_, err := fmt.Fprintln(w, granted.Token)
			return err
		}), err)
	})
}

// tokenArgument is the token of the command line, or of the environment.
func tokenArgument(c *cli.Context) (string, error) {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return "", err
	}
	text := c.Args().First()
	if text == "" {
		text = os.Getenv(creditVariable)
	}
	if text == "" {
		return "", fmt.Errorf("%w: no token: give one, or set %s", command.ErrUsage, creditVariable)
	}
	return strings.TrimSpace(text), nil
}

func creditAttenuate(c *cli.Context) error {
	text, err := tokenArgument(c)
	if err != nil {
		return err
	}
	limits, err := scope(c)
	if err != nil {
		return err
	}
	token, err := macaroon.Parse(text)
	if err != nil {
		return err
	}
	narrower, err := token.Attenuate(limits)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.App.Writer, narrower.Text())
	return err
}

// withHolder runs f with a connection that carries the token. It needs a profile only
// where --server is not given; the limits and the budget of one that is there hold.
func withHolder(c *cli.Context, token string, f func(*allowance.Holder) error) (err error) {
	h, err := holding(c, c.String(command.ServerFlag.Name), token)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.budget.Close()) }()
	holder, err := allowance.Dial(c.Context, h.server, token, c.App.Version, h.limits)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, holder.Close()) }()
	holder.Budget = h.budget
	return f(holder)
}

func creditInspect(c *cli.Context) error {
	text, err := tokenArgument(c)
	if err != nil {
		return err
	}
	if id, err := macaroon.ParseGrantID(text); err == nil {
		return creditShow(c, id)
	}
	token, err := macaroon.Parse(text)
	if err != nil {
		return err
	}
	if c.Bool("offline") {
		return printReport(c, token, allowance.Unasked(token))
	}
	return withHolder(c, text, func(holder *allowance.Holder) error {
		report, err := holder.Inspect(c.Context)
		if err != nil {
			return err
		}
		return printReport(c, token, report)
	})
}

// creditShow shows the payer one of its grants.
func creditShow(c *cli.Context, id macaroon.GrantID) error {
	return withOwner(c, func(owner *allowance.Granter) error {
		grants, err := owner.List(c.Context)
		if err != nil {
			return err
		}
		grant, err := credit.Find(grants, id)
		if err != nil {
			return fmt.Errorf("%w; `chit credit list` shows them", err)
		}
		return command.Print(c, grant, func(w io.Writer) error { return ui.Grant(w, grant) })
	})
}

func printReport(c *cli.Context, token macaroon.Token, report credit.Report) error {
	return command.Print(c, report, func(w io.Writer) error {
		fmt.Fprintf(w, "%s of grant %s %s\n", token, report.Grant, plain.Text(report.Label))
		rows := make([][]string, len(report.Levels))
		for i, level := range report.Levels {
			rows[i] = []string{ui.Caveat(level.Caveat), leftOf(level)}
		}
		if err := ui.Table(w, []string{"LIMIT", "LEFT"}, rows); err != nil {
			return err
		}
		if report.Refused != nil {
			_, err := fmt.Fprintf(w, "no call is taken: %s\n", plain.Text(string(report.Refused.Code)))
			return err
		}
		return nil
	})
}

func leftOf(level credit.Level) string {
	if level.Remaining == nil {
		return ""
	}
	if strings.HasPrefix(level.Caveat, macaroon.KindCalls.String()+"=") {
		return level.Remaining.Atomic()
	}
	return level.Remaining.String()
}

func creditList(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	return withOwner(c, func(owner *allowance.Granter) error {
		grants, err := owner.Account(c.Context)
		if err != nil {
			return err
		}
		return command.Print(c, grants, func(w io.Writer) error {
			rows := make([][]string, len(grants))
			for i, g := range grants {
				rows[i] = []string{g.ID.String(), g.Label, g.Budget.Decimal(), g.Spent.Decimal(), g.Remaining().Decimal(), ui.UTC(g.Expires), g.Ended.String()}
			}
			return ui.Table(w, []string{"GRANT", "LABEL", "BUDGET", "SPENT", "LEFT", "EXPIRES", "ENDED"}, rows)
		})
	})
}

func creditRevoke(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	what := c.Args().First()
	report := func(grant credit.Grant) error {
		return command.Print(c, grant, func(w io.Writer) error {
			if grant.Ended == 0 {
				_, err := fmt.Fprintf(w, "revoked the token; grant %s goes on\n", grant.ID)
				return err
			}
			_, err := fmt.Fprintf(w, "revoked grant %s; %s were spent\n", grant.ID, grant.Spent)
			return err
		})
	}
	if strings.HasPrefix(what, macaroon.Prefix) {
		return withHolder(c, what, func(holder *allowance.Holder) error {
			grant, err := holder.Revoke(c.Context)
			if err != nil {
				return err
			}
			return report(grant)
		})
	}
	id, err := macaroon.ParseGrantID(what)
	if err != nil {
		return err
	}
	return withOwner(c, func(owner *allowance.Granter) error {
		grant, err := owner.Reclaim(c.Context, id)
		if grant.ID != id {
			return err
		}
		return errors.Join(report(grant), err)
	})
}

func creditTopUp(c *cli.Context) error {
	if err := command.WantArgs(c, 2, 2); err != nil {
		return err
	}
	id, err := macaroon.ParseGrantID(c.Args().First())
	if err != nil {
		return err
	}
	amount, err := vouchers.ParseAmount(c.Args().Get(1))
	if err != nil {
		return err
	}
	if amount == 0 {
		return fmt.Errorf("%w: a top-up of nothing", vouchers.ErrAmount)
	}
	return withOwner(c, func(owner *allowance.Granter) error {
		granted, err := owner.TopUp(c.Context, id, amount)
		if err != nil {
			return err
		}
		return command.Print(c, granted.Grant, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "grant %s has %s left\n", id, granted.Grant.Remaining())
			return err
		})
	})
}
