package buy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// errTool says that the tool itself failed.
var errTool = errors.New("the tool failed")

// Call is `chit call`.
func Call() *cli.Command {
	return &cli.Command{
		Name:      "call",
		Usage:     "call a tool of the server and pay for it",
		ArgsUsage: "TOOL [key=value ...] [key:=json ...]",
		Description: "key=value passes a text, key:=json any JSON value: limit:=100, tags:='[\"a\"]'.\n" +
			"Images and other data are described; --output writes them into a file.\n" +
			"With a credit token in $CHIT_CREDIT the call is paid with it, and no wallet is needed.",
		Flags: []cli.Flag{
			command.ServerFlag, command.TokenFlag, command.JSONFlag,
			maxPriceFlag, topUpFlag, stockFlag, inputFlag,
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the image or data of the answer to this file"},
		},
		Action: call,
	}
}

func call(c *cli.Context) error {
	if c.NArg() == 0 {
		return command.WantArgs(c, 1, 1)
	}
	switch tool := c.Args().First(); {
	case strings.TrimSpace(tool) == "":
		return fmt.Errorf("%w: the tool has no name; `chit tools` lists those of the server", command.ErrUsage)
	case strings.Contains(tool, "://"):
		return fmt.Errorf("%w: name a tool first, such as `chit call search --server %s`; `chit pay-url` pays for a URL", command.ErrUsage, plain.Text(tool))
	}
	arguments, err := callArguments(c)
	if err != nil {
		return err
	}
	if err := checkOutput(c.String("output")); err != nil {
		return err
	}
	if token := os.Getenv(creditVariable); token != "" {
		most, err := amountFlag(c, maxPriceFlag)
		if err != nil {
			return err
		}
		return callOnCredit(c, token, arguments, most)
	}
	return command.WithPayer(c, forCall(c), func(client *agent.Client) error {
		result, receipt, err := client.CallTool(c.Context, c.Args().First(), arguments)
		if err != nil {
			return explain(c, err)
		}
		err = command.Print(c, answer{result, receipt}, func(w io.Writer) error { return printResult(w, result, receipt) })
		return errors.Join(err, outcome(c, result, chargeOf(receipt)))
	})
}

var (
	maxPriceFlag = &cli.StringFlag{Name: "max-price", Usage: "the most that the call may cost, in USDC"}
	topUpFlag    = &cli.StringFlag{Name: "deposit", Usage: "deposit so much USDC first if the channel cannot pay (default: the profile's topUp)"}
	stockFlag    = &cli.BoolFlag{Name: "stock", Usage: "pay in x402's own words alone, and not in chit's short form"}
	inputFlag    = &cli.StringFlag{Name: "input", Usage: "read what is sent from this file, or from standard input for -"}
)

// forCall lays the flags of a single call over the profile's options. A limit on the
// command line can be lower than the profile's, not higher.
func forCall(c *cli.Context) func(*agent.Options) error {
	return func(o *agent.Options) error {
		price, err := amountFlag(c, maxPriceFlag)
		if err != nil {
			return err
		}
		if price > 0 && (o.Policy.MaxPrice == 0 || price < o.Policy.MaxPrice) {
			o.Policy.MaxPrice = price
		}
		deposit, err := amountFlag(c, topUpFlag)
		if err != nil {
			return err
		}
		if deposit > 0 {
			o.TopUp = agent.TopUp{Amount: deposit, Typed: true}
		}
		o.Stock = c.Bool(stockFlag.Name)
		o.Policy.Approve = approving()
		return nil
	}
}

// approving asks whoever is at the terminal about a payment; nil is nobody.
func approving() func(context.Context, agent.Proposal) (bool, error) {
	if !ui.CanAsk() {
		return nil
	}
	return func(ctx context.Context, p agent.Proposal) (bool, error) { return ui.Ask(ctx, p.Question()) }
}

func amountFlag(c *cli.Context, flag *cli.StringFlag) (vouchers.Amount, error) {
	text := c.String(flag.Name)
	if text == "" {
		return 0, nil
	}
	amount, err := vouchers.ParseAmount(text)
	if err != nil {
		return 0, fmt.Errorf("--%s: %w", flag.Name, err)
	}
	if amount == 0 {
		return 0, fmt.Errorf("--%s: %w: 0 would be no limit", flag.Name, vouchers.ErrAmount)
	}
	return amount, nil
}
