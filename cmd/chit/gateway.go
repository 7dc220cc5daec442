package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway"
	"github.com/chitpay/chit/server/operate"
)

var configFlag = &cli.StringFlag{Name: "config", Usage: "the gateway's config file (YAML)"}

func gatewayCommand() *cli.Command {
	return &cli.Command{
		Name:  "gateway",
		Usage: "sell MCP servers and HTTP services that run already",
		Description: "Connects to the upstreams that the config file names, and sells their tools and routes.\n" +
			"SIGHUP reads the prices in the file again.",
		Flags: []cli.Flag{configFlag, logLevelFlag},
		Subcommands: []*cli.Command{
			{
				Name: "check", Usage: "check a config file without starting",
				Flags:  []cli.Flag{configFlag, &cli.BoolFlag{Name: "connect", Usage: "ask the upstreams, and list what is sold, free and hidden, and patterns that stand for nothing"}},
				Action: checkGateway,
			},
		},
		Action: runGateway,
	}
}

func loadGateway(c *cli.Context) (*gateway.Config, error) {
	if err := wantArgs(c, 0, 0); err != nil {
		return nil, err
	}
	for _, level := range c.Lineage() { // the flag may stand before "check", too
		if file := level.String(configFlag.Name); file != "" {
			return gateway.Load(file)
		}
	}
	return nil, fmt.Errorf("%w: no config file; want `chit gateway --config FILE`", errUsage)
}

func checkGateway(c *cli.Context) error {
	config, err := loadGateway(c)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s is fine: %d upstreams, %d routes\n", config.File, len(config.Upstreams), len(config.Routes))
	if err := ui.Table(c.App.Writer, []string{"WHAT", "PRICE"}, config.PriceTable()); err != nil || !c.Bool("connect") {
		return err
	}
	return surveyGateway(c, config)
}

// surveyGateway prints what the upstreams offer, and what would be sold of it.
func surveyGateway(c *cli.Context, config *gateway.Config) error {
	report, err := gateway.Survey(c.Context, config, gateway.Options{Version: version, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer)
	head, rows := report.Table()
	if err := ui.Table(c.App.Writer, head, rows); err != nil {
		return err
	}
	for _, dead := range report.Dead {
		fmt.Fprintln(c.App.Writer, dead)
	}
	var down []error
	for _, name := range slices.Sorted(maps.Keys(report.Down)) {
		down = append(down, fmt.Errorf("the upstream %q does not answer: %s", name, report.Down[name]))
	}
	return errors.Join(down...)
}

func runGateway(c *cli.Context) (err error) {
	config, err := loadGateway(c)
	if err != nil {
		return err
	}
	logger, err := newLogger(c)
	if err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	if config.Listen == "" {
		config.Listen = p.Listen
	}
	p.BaseURL = cmp.Or(config.BaseURL, p.BaseURL)
	if config.MinDeposit != nil {
		p.MinDeposit = profile.Text(config.MinDeposit.Decimal())
	}
	if p.Limits == nil {
		p.Limits = make(map[string]profile.Text)
	}
	for name, text := range config.Limits {
		p.Limits[name] = profile.Text(text)
	}
	for _, moved := range config.MovedFrom {
		p.MovedFrom = append(p.MovedFrom, profile.Move{From: moved.From, To: moved.To})
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with listen in %s", err, config.File)
	}
	defer func() { err = errors.Join(err, closed(listener)) }()
	shop, err := openShop(c, p, nil, logger, config.Also...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return err
	}
	admin, err := operate.Listen(socket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed(admin)) }()
	return serveGateway(c, shop, config, server.Listeners{Public: listener, Admin: admin, Operator: operate.Handler(shop, logger)}, logger)
}

func serveGateway(c *cli.Context, shop *server.Shop, config *gateway.Config, on server.Listeners, logger *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	g, err := gateway.Open(c.Context, shop, config, gateway.Options{Version: version, Logger: logger})
	if err != nil {
		return err
	}
	defer g.Close()
	ctx, stop := context.WithCancel(c.Context)
	var reloading sync.WaitGroup
	reloading.Go(func() { reloadOn(ctx, hangup, g, logger) })
	defer reloading.Wait()
	defer stop()
	scheme := "http"
	if config.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(c.App.Writer, "selling on %s://%s/mcp, paid to %s; Ctrl-C stops\n", scheme, on.Public.Addr(), shop.PayTo())
	return g.Serve(ctx, on)
}

// reloadOn reloads the prices at every signal until ctx ends.
func reloadOn(ctx context.Context, hangup <-chan os.Signal, g *gateway.Gateway, logger *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			if err := g.Reload(); err != nil {
				logger.Error("the old prices stay", "error", oneLine(err))
			}
		}
	}
}

// closed closes a listener that a server may have closed before.
func closed(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
