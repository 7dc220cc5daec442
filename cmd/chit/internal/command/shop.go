package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/operate"
)

// Place is where the operator finds the profile's shop, or the one whose store --store names.
func Place(c *cli.Context) (at operate.Place, err error) {
	p, err := Profile(c)
	if err != nil {
		return at, err
	}
	named := c.String(StoreFlag.Name)
	at.Open = func(ctx context.Context) (*server.Shop, error) {
		o, err := p.ShopOptions(Passphrase(c))
		if err != nil {
			return nil, err
		}
		o.Store = at.Store
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
		return server.Open(ctx, o)
	}
	if at.Store = named; named != "" {
		return at, nil
	}
	if at.Store, err = p.File(profile.StoreFile); err != nil {
		return at, err
	}
	if at.Keep, err = p.ShopHistory(); err != nil {
		return at, err
	}
	at.Socket, err = p.File(profile.SocketFile)
	return at, err
}

// Explained adds to an error what the user of a command can do about it.
func Explained(err error) error {
	if errors.Is(err, operate.ErrNoStore) {
		return fmt.Errorf("%w: the profile's shop has never been opened; where a program of your own sells, name its store with --%s", err, StoreFlag.Name)
	}
	return err
}
