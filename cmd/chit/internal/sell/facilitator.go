package sell

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/server/facilitator/config"
	"github.com/chitpay/chit/server/facilitator/site"
)

var facilitatorFlag = &cli.StringFlag{Name: "config", Usage: "the facilitator's config file (YAML)"}

// Facilitator is `chit facilitator`.
func Facilitator() *cli.Command {
	return &cli.Command{
		Name:  "facilitator",
		Usage: "verify and settle payments for servers that touch no chain",
		Description: "Serves POST /verify, POST /settle, GET /supported, GET /discovery/resources and GET /healthz, as x402 has\n" +
			"them. It reads no profile: the config file says everything, as docs/FACILITATOR.md explains.",
		Flags: []cli.Flag{facilitatorFlag, command.LogLevelFlag},
		Subcommands: []*cli.Command{
			{Name: "check", Usage: "check a config file without starting", Flags: []cli.Flag{facilitatorFlag}, Action: checkFacilitator},
			{
				Name: "key", Usage: "make an API key: it is shown this once, and its hash goes into the config", ArgsUsage: "NAME",
				Flags: []cli.Flag{command.JSONFlag}, Action: newFacilitatorKey,
			},
		},
		Action: runFacilitator,
	}
}

func loadFacilitator(c *cli.Context) (*config.Config, error) {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return nil, err
	}
	for _, level := range c.Lineage() { // the flag may stand before "check", too
		if file := level.String(facilitatorFlag.Name); file != "" {
			return config.Load(file)
		}
	}
	return nil, fmt.Errorf("%w: no config file; want `chit facilitator --config FILE`", command.ErrUsage)
}

func checkFacilitator(c *cli.Context) error {
	loaded, err := loadFacilitator(c)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s is fine: %d chains, %d API keys\n", loaded.File, len(loaded.Chains), len(loaded.Keys))
	rows := make([][]string, len(loaded.Chains))
	for i, chain := range loaded.Chains {
		rows[i] = []string{chain.Network, strconv.Itoa(len(chain.RPC)), strings.Join(chain.Keys, " ")}
	}
	return ui.Table(c.App.Writer, []string{"CHAIN", "ENDPOINTS", "SENT BY"}, rows)
}

func newFacilitatorKey(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	name := c.Args().First()
	if err := access.CheckName(name); err != nil {
		return fmt.Errorf("%w: %w", command.ErrUsage, err)
	}
	secret, hash := access.Generate()
	if c.Bool(command.JSONFlag.Name) {
		return ui.JSON(c.App.Writer, map[string]string{"name": name, "key": secret, "hash": hash.String()})
	}
	_, err := fmt.Fprintf(c.App.Writer, "the key, for its caller alone; it is not shown again:\n%s\n\nits entry of keys in the config:\n  - {name: %q, hash: %q}\n", secret, name, hash)
	return err
}

func runFacilitator(c *cli.Context) (err error) {
	loaded, err := loadFacilitator(c)
	if err != nil {
		return err
	}
	logger, err := command.Logger(c)
	if err != nil {
		return err
	}
	home, err := command.Home(c)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", loaded.Listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with listen in %s", err, loaded.File)
	}
	defer func() { _ = listener.Close() }() // which a server may have done
	ask := command.Passphrase(c)
	s, err := site.Open(c.Context, loaded, site.Options{
		Key:    func(reference string) (keys.Signer, error) { return home.Key(reference, ask) },
		Logger: logger,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Fprintf(c.App.Writer, "settling on http://%s; Ctrl-C stops\n", listener.Addr())
	return s.Serve(c.Context, listener)
}
