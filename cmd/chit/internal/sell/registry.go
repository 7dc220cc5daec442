package sell

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/gateway"
	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/storefront"
)

// Registry is `chit registry`.
func Registry() *cli.Command {
	return &cli.Command{
		Name:  "registry",
		Usage: "print the server.json by which the shop is published in the registry of MCP servers",
		Description: "The URL is baseURL of the gateway's config file or of the profile, with /mcp after it.\n" +
			"Publish what is printed with the registry's own program, which proves that the name is yours.",
		Flags: []cli.Flag{
			configFlag,
			&cli.StringFlag{Name: "name", Usage: "the server's name in reverse-DNS form, such as com.example/tools"},
			&cli.StringFlag{Name: "title", Usage: "what people call it"},
			&cli.StringFlag{Name: "description", Value: "Tools that are paid for in USDC, call by call", Usage: "what it does, in 100 characters"},
			&cli.StringFlag{Name: "release", Value: "1.0.0", Usage: "the version that is published: another one each time"},
		},
		Action: register,
	}
}

func register(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	base, err := baseURL(c)
	if err != nil {
		return err
	}
	about := storefront.About{Name: c.String("name"), Title: c.String("title"), Description: c.String("description"), Version: c.String("release")}
	entry, err := storefront.Register(about, strings.TrimRight(base, "/")+config.MCPPath)
	if err != nil {
		return err
	}
	return ui.JSON(c.App.Writer, entry)
}

// baseURL is where the shop is found, as the gateway's config or the profile says.
func baseURL(c *cli.Context) (string, error) {
	if file := c.String(configFlag.Name); file != "" {
		loaded, err := gateway.Load(file)
		if err != nil {
			return "", err
		}
		if loaded.BaseURL != "" {
			return loaded.BaseURL, nil
		}
	}
	p, err := command.Profile(c)
	if err != nil {
		return "", err
	}
	if p.BaseURL == "" {
		return "", fmt.Errorf("%w: nothing says where the shop is found: set baseURL in the profile or in the gateway's file", storefront.ErrRegistration)
	}
	return p.BaseURL, nil
}
