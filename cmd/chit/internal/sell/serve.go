package sell

import (
	"errors"
	"fmt"
	"net"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/example"
	"github.com/chitpay/chit/server/operate"
)

// Serve is `chit serve`.
func Serve() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run an example shop: an MCP server whose tools cost USDC",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "host:port to listen on (default: the profile's)"},
			&cli.DurationFlag{Name: "settle-every", Value: time.Hour, Usage: "claim and settle at this interval; 0 never"},
			&cli.Uint64Flag{Name: "free-calls", Usage: "each payer's first `N` calls cost nothing"},
			&cli.DurationFlag{Name: "free-per", Usage: "the free calls begin anew after this time; 0 never"},
			command.TokenFlag, command.LogLevelFlag,
		},
		Action: serve,
	}
}

func serve(c *cli.Context) (err error) {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	if listen := c.String("listen"); listen != "" {
		p.Listen = listen
	}
	logger, err := command.Logger(c)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	defer func() { _ = listener.Close() }() // which a server may have done
	o, err := p.ShopOptions(command.Passphrase(c))
	if err != nil {
		return err
	}
	o.Logger = logger
	socket, err := p.File(profile.SocketFile)
	if err != nil {
		return err
	}
	shop, err := operate.OpenSite(c.Context, listener, socket, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	free := server.Allowance{Calls: c.Uint64("free-calls"), Per: c.Duration("free-per")}
	if err := shop.SetRates(nil, example.Rates(free)); err != nil {
		return err
	}
	tools := mcpserver.NewMCPServer("chit example shop", c.App.Version)
	example.AddTools(tools)
	shop.Sell(tools)
	fmt.Fprintf(c.App.Writer, "selling on http://%s/mcp, paid to %s; Ctrl-C stops\n", shop.On.Public.Addr(), shop.PayTo())
	return shop.Serve(c.Context, shop.On, tools, c.Duration("settle-every"))
}
