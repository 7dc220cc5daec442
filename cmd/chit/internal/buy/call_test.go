package buy

import (
	"flag"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
	"github.com/chitpay/chit/vouchers"
)

func TestAFailedCallSaysWhatItsReceiptSays(t *testing.T) {
	channel := vouchers.ChannelID{1}
	for want, charge := range map[string]string{
		"the tool failed, and was charged 0.001 USDC": chargeOf(agent.Receipt{Paid: true, Charged: 1000, Channel: channel}),
		"the tool failed, and was not charged":        chargeOf(agent.Receipt{Channel: channel}),
		"the tool failed, and gave no receipt":        chargeOf(agent.Receipt{}),
		"the tool failed, and was charged 0.002 USDC": chargeOnCredit(&allowance.Spent{Charged: 2000}),
		"the tool failed":                             chargeOnCredit(nil),
	} {
		c := cli.NewContext(cli.NewApp(), flag.NewFlagSet("", flag.ContinueOnError), nil)
		if err := outcome(c, mcp.NewToolResultError("no"), charge); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
