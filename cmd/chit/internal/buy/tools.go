package buy

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/offer"
)

// Tools is `chit tools`.
func Tools() *cli.Command {
	return &cli.Command{
		Name:      "tools",
		Usage:     "list the server's tools with their prices",
		ArgsUsage: "[URL]",
		Flags:     []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag},
		Action:    tools,
	}
}

func tools(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return err
	}
	if c.NArg() == 1 {
		if err := c.Set(command.ServerFlag.Name, c.Args().First()); err != nil {
			return err
		}
	}
	return command.WithPayer(c, command.Unchanged, func(client *agent.Client) error {
		list, err := client.Tools(c.Context)
		if err != nil {
			return err
		}
		return command.Print(c, list, func(w io.Writer) error {
			rows := make([][]string, len(list))
			for i, tool := range list {
				price := "free"
				if tool.Price > 0 {
					price = tool.Price.Decimal()
				}
				if tool.Meta != nil && tool.Meta.AdditionalFields[offer.MetaRate] != nil {
					price = "up to " + price
				}
				rows[i] = []string{tool.Name, price, strings.Join(strings.Fields(tool.Description), " ")}
			}
			return ui.Table(w, []string{"TOOL", "PRICE", "WHAT IT DOES"}, rows)
		})
	})
}
