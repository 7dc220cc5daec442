package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/settle"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/example"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/urfave/cli/v2"
)

// openShop opens the profile's shop: its store, its escrows and its key.
func openShop(c *cli.Context, p *profile.Profile, prices server.Prices, logger *slog.Logger, more ...server.Accepts) (*server.Shop, error) {
	key, err := p.SellerKey(passphrase(c))
	if err != nil {
		return nil, err
	}
	store, err := storePath(c, p)
	if err != nil {
		return nil, err
	}
	minDeposit, err := p.MinDepositAmount()
	if err != nil {
		return nil, err
	}
	settlement, err := p.SettlePolicy()
	if err != nil {
		return nil, err
	}
	limits, err := p.ShopLimits()
	if err != nil {
		return nil, err
	}
	also, err := p.AlsoAccepts()
	if err != nil {
		return nil, err
	}
	moved, err := p.ShopMoves()
	if err != nil {
		return nil, err
	}
	return server.Open(c.Context, server.Options{
		RPC:           p.RPC,
		ChainID:       p.ChainID,
		Key:           key,
		PayTo:         p.PayToAddress(),
		Escrow:        p.EscrowAddress(),
		Pinned:        pinned(p),
		Token:         p.TokenAddress(),
		Also:          append(also, more...),
		Store:         store,
		KeyFolder:     p.Home().Keystore(),
		Prices:        prices,
		WithdrawDelay: p.WithdrawDelay,
		MinDeposit:    minDeposit,
		MovedFrom:     moved,
		BaseURL:       p.BaseURL,
		Permit2:       p.Permit2,
		Confirmations: p.Confirmations,
		Settlement:    settlement,
		Limits:        limits,
		Logger:        logger,
	})
}

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run an example shop: an MCP server whose tools cost USDC",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "host:port to listen on (default: the profile's)"},
			&cli.DurationFlag{Name: "settle-every", Value: time.Hour, Usage: "claim and settle at this interval; 0 never"},
			&cli.Uint64Flag{Name: "free-calls", Usage: "each payer's first `N` calls cost nothing"},
			&cli.DurationFlag{Name: "free-per", Usage: "the free calls begin anew after this time; 0 never"},
			tokenFlag, logLevelFlag,
		},
		Action: serve,
	}
}

func serve(c *cli.Context) (err error) {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	if listen := c.String("listen"); listen != "" {
		p.Listen = listen
	}
	logger, err := newLogger(c)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	shop, err := openShop(c, p, nil, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	free := server.Allowance{Calls: c.Uint64("free-calls"), Per: c.Duration("free-per")}
	if err := shop.SetRates(nil, example.Rates(free)); err != nil {
		return errors.Join(err, listener.Close())
	}
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	admin, err := operate.Listen(socket)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	tools := mcpserver.NewMCPServer("chit example shop", version, shop.ServerOptions()...)
	example.AddTools(tools)
	shop.AddTools(tools)
	fmt.Fprintf(c.App.Writer, "selling on http://%s/mcp, paid to %s; Ctrl-C stops\n", listener.Addr(), shop.PayTo())
	return shop.Serve(c.Context, server.Listeners{Public: listener, Admin: admin, Operator: operate.Handler(shop, logger)}, tools, c.Duration("settle-every"))
}

func channelsCommand() *cli.Command {
	return &cli.Command{Name: "channels", Usage: "list the channels that pay this shop", Flags: []cli.Flag{jsonFlag, storeFlag}, Action: channels, Subcommands: []*cli.Command{recoverCommand(), resumeCommand()}}
}

func channels(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := place(c)
	if err != nil {
		return err
	}
	views, err := shop.Channels(c.Context)
	if err != nil {
		return err
	}
	if c.Bool(jsonFlag.Name) {
		return ui.JSON(c.App.Writer, views)
	}
	rows := make([][]string, len(views))
	for i, v := range views {
		rows[i] = []string{
			ui.Short(v.Channel.Hex()), shortAddress(v.Payer), v.Balance.Decimal(), v.Charged.Decimal(),
			v.Claimed.Decimal(), v.Claimable.Decimal(), strconv.Itoa(v.InFlight), withdrawal(v.WithdrawAfter), setAside(v.SetAside),
		}
	}
	for _, v := range views {
		if v.Stopped != nil {
			fmt.Fprintln(c.App.Writer, stopLine(*v.Stopped))
		}
	}
	return ui.Table(c.App.Writer, []string{"CHANNEL", "PAYER", "BALANCE", "CHARGED", "CLAIMED", "CLAIMABLE", "IN FLIGHT", "WITHDRAWAL", "SET ASIDE"}, rows)
}

func setAside(s *settle.SetAside) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%s, since %s, %d attempts", s.Reason, s.Since.UTC().Format(time.RFC3339), s.Attempts)
}

func withdrawal(after *time.Time) string {
	if after == nil {
		return "-"
	}
	return "after " + after.UTC().Format(time.RFC3339)
}
