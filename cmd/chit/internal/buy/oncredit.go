package buy

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// creditAnswer is what --json prints of a call on a token.
type creditAnswer struct {
	Result *mcp.CallToolResult `json:"result"`
	// Credit is null if the call was free.
	Credit *allowance.Spent `json:"credit"`
}

// chargeOnCredit says what a call that failed has cost its token, "" if that is not known.
func chargeOnCredit(spent *allowance.Spent) string {
	switch {
	case spent == nil:
		return ""
	case spent.Charged > 0:
		return ", and was charged " + spent.Charged.String()
	}
	return ", and was not charged"
}

// callOnCredit calls a tool on a token, which for this call is narrowed to the highest
// price (0 is none).
func callOnCredit(c *cli.Context, text string, arguments map[string]any, highest vouchers.Amount) error {
	token, err := macaroon.Parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", creditVariable, err)
	}
	if highest > 0 {
		if token, err = allowance.Narrowed(token, highest); err != nil {
			return fmt.Errorf("--max-price: %w", err)
		}
		text = token.Text()
	}
	return withHolder(c, text, func(holder *allowance.Holder) error {
		result, spent, err := holder.Call(c.Context, c.Args().First(), arguments)
		if err != nil {
			return explain(c, err)
		}
		err = command.Print(c, creditAnswer{result, spent}, func(w io.Writer) error {
			if err := printContent(w, result); err != nil || result.IsError {
				return err
			}
			cost := "free"
			if spent != nil {
				cost = fmt.Sprintf("paid %s of the token, %s are left", spent.Charged, spent.Remaining)
			}
			_, err := fmt.Fprintln(os.Stderr, cost)
			return err
		})
		return errors.Join(err, outcome(c, result, chargeOnCredit(spent)))
	})
}
