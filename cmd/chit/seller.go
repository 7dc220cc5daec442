package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/example"
)

// openShop opens the profile's shop: its store, its escrow and its key.
func openShop(c *cli.Context, p *profile.Profile, prices server.Prices, logger *slog.Logger) (*server.Shop, error) {
	key, err := p.SellerKey(passphrase(c))
	if err != nil {
		return nil, err
	}
	store, err := dataFile(p, profile.StoreFile)
	if err != nil {
		return nil, err
	}
	minDeposit, err := p.MinDepositAmount()
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
		Store:         store,
		Prices:        prices,
		WithdrawDelay: p.WithdrawDelay,
		MinDeposit:    minDeposit,
		Confirmations: p.Confirmations,
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
			tokenFlag,
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
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	listener, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	shop, err := openShop(c, p, example.Prices, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	admin, err := server.ListenAdmin(socket)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	tools := mcpserver.NewMCPServer("chit example shop", version, shop.ServerOptions()...)
	example.AddTools(tools)
	shop.AddTools(tools)
	fmt.Fprintf(c.App.Writer, "selling on http://%s/mcp, paid to %s; Ctrl-C stops\n", listener.Addr(), shop.PayTo())
	return shop.Serve(c.Context, server.Listeners{Public: listener, Admin: admin}, tools, c.Duration("settle-every"))
}

func channelsCommand() *cli.Command {
	return &cli.Command{Name: "channels", Usage: "list the channels that pay this shop", Flags: []cli.Flag{jsonFlag}, Action: channels}
}

func channels(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	views, err := listChannels(c.Context, p)
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
			v.Claimed.Decimal(), v.Claimable.Decimal(), strconv.Itoa(v.InFlight), withdrawal(v.WithdrawAfter),
		}
	}
	return ui.Table(c.App.Writer, []string{"CHANNEL", "PAYER", "BALANCE", "CHARGED", "CLAIMED", "CLAIMABLE", "IN FLIGHT", "WITHDRAWAL"}, rows)
}

func withdrawal(after *time.Time) string {
	if after == nil {
		return "-"
	}
	return "after " + after.Format(time.RFC3339)
}

func listChannels(ctx context.Context, p *profile.Profile) ([]server.ChannelView, error) {
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return nil, err
	}
	admin, err := server.DialAdmin(socket)
	if err == nil {
		return admin.Channels(ctx)
	}
	store, err := dataFile(p, profile.StoreFile)
	if err != nil {
		return nil, err
	}
	return server.ReadChannels(ctx, store)
}

func settleCommand() *cli.Command {
	return &cli.Command{
		Name:        "settle",
		Usage:       "claim what was charged and transfer it to the receiver",
		Description: "Asks the running server, or works on the store itself when none runs.",
		Flags:       []cli.Flag{jsonFlag, &cli.BoolFlag{Name: "dry-run", Usage: "only show what would be claimed"}},
		Action:      settle,
	}
}

func settle(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	report := progress()
	report.Step("claiming and settling")
	settlement, err := runSettlement(c, p, c.Bool("dry-run"))
	report.Done()
	if err != nil {
		return err
	}
	if c.Bool(jsonFlag.Name) {
		return ui.JSON(c.App.Writer, settlement)
	}
	return printSettlement(c, settlement)
}

func runSettlement(c *cli.Context, p *profile.Profile, dryRun bool) (settlement server.Settlement, err error) {
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return settlement, err
	}
	if admin, err := server.DialAdmin(socket); err == nil {
		return admin.Settle(c.Context, dryRun)
	}
	shop, err := openShop(c, p, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return settlement, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	return shop.Settler.Settle(c.Context, dryRun)
}

func printSettlement(c *cli.Context, s server.Settlement) error {
	w := c.App.Writer
	for _, r := range s.SetAside {
		fmt.Fprintf(w, "set aside  %s  %s: %s\n", r.Channel, r.Value, r.Reason)
	}
	if s.Channels == 0 {
		_, err := fmt.Fprintln(w, "nothing to settle")
		return err
	}
	rows := make([][]string, len(s.Batches))
	for i, b := range s.Batches {
		tx := b.Tx.Hex()
		if s.DryRun {
			tx = "(dry run)"
		}
		rows[i] = []string{tx, strconv.Itoa(b.Channels), b.Claimed.Decimal(), strconv.FormatUint(b.GasUsed, 10)}
	}
	if err := ui.Table(w, []string{"TRANSACTION", "CHANNELS", "CLAIMED", "GAS"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d channels, claimed %s, settled %s, %d gas\n", s.Channels, s.Claimed, s.Settled, s.GasUsed)
	return err
}
