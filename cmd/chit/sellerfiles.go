package main

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

// storeFlag names the store of a shop that is not the profile's.
var storeFlag = &cli.StringFlag{Name: "store", Usage: "the seller's store, where a program of your own has it elsewhere (default: the profile's)"}

// place is where the operator finds the profile's shop, or the one whose store --store names.
func place(c *cli.Context) (at operate.Place, err error) {
	p, err := openProfile(c)
	if err != nil {
		return at, err
	}
	at.Open = func(context.Context) (*server.Shop, error) {
		return openShop(c, p, nil, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	}
	if at.Store, err = storePath(c, p); err != nil || c.String(storeFlag.Name) != "" {
		return at, err
	}
	at.Socket, err = dataFile(p, profile.SocketFile)
	return at, err
}

// storePath is the seller's store, which need not be there.
func storePath(c *cli.Context, p *profile.Profile) (string, error) {
	if path := c.String(storeFlag.Name); path != "" {
		return path, nil
	}
	return dataFile(p, profile.StoreFile)
}

// explained adds to an error what the user of a command can do about it.
func explained(err error) error {
	if errors.Is(err, operate.ErrNoStore) {
		return fmt.Errorf("%w: the profile's shop has never been opened; where a program of your own sells, name its store with --%s", err, storeFlag.Name)
	}
	return err
}
