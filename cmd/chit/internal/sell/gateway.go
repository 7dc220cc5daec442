package sell

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/gateway"
	"github.com/chitpay/chit/server/operate"
)

var configFlag = &cli.StringFlag{Name: "config", Usage: "the gateway's config file (YAML)"}

// Gateway is `chit gateway`.
func Gateway() *cli.Command {
	return &cli.Command{
		Name:  "gateway",
		Usage: "sell MCP servers and HTTP services that run already",
		Description: "Connects to the upstreams that the config file names, and sells their tools and routes.\n" +
			"SIGHUP reads the prices in the file again.",
		Flags: []cli.Flag{configFlag, command.LogLevelFlag},
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
	if err := command.WantArgs(c, 0, 0); err != nil {
		return nil, err
	}
	for _, level := range c.Lineage() { // the flag may stand before "check", too
		if file := level.String(configFlag.Name); file != "" {
			return gateway.Load(file)
		}
	}
	return nil, fmt.Errorf("%w: no config file; want `chit gateway --config FILE`", command.ErrUsage)
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
	report, err := gateway.Survey(c.Context, config, gateway.Options{Version: c.App.Version, Logger: slog.New(slog.DiscardHandler)})
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
	return report.Err()
}

func runGateway(c *cli.Context) (err error) {
	config, err := loadGateway(c)
	if err != nil {
		return err
	}
	logger, err := command.Logger(c)
	if err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	if config.Listen == "" {
		config.Listen = p.Listen
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with listen in %s", err, config.File)
	}
	defer func() { _ = listener.Close() }() // which a server may have done
	o, err := p.ShopOptions(command.Passphrase(c))
	if err != nil {
		return err
	}
	o.Logger = logger
	if err := config.Over(&o); err != nil {
		return err
	}
	socket, err := p.File(profile.SocketFile)
	if err != nil {
		return err
	}
	shop, err := operate.OpenSite(c.Context, listener, socket, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	g, err := gateway.Open(c.Context, shop.Shop, config, gateway.Options{Version: c.App.Version, Logger: logger})
	if err != nil {
		return err
	}
	defer g.Close()
	scheme := "http"
	if config.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(c.App.Writer, "selling on %s://%s/mcp, paid to %s; Ctrl-C stops\n", scheme, listener.Addr(), shop.PayTo())
	return g.ServeReloading(c.Context, shop.On, hangup)
}
