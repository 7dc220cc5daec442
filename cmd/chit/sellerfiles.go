package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/server/operate"
)

// storeFlag names the store of a shop that is not the profile's.
var storeFlag = &cli.StringFlag{Name: "store", Usage: "the seller's store, where a program of your own has it elsewhere (default: the profile's)"}

// errNoStore says that there is nothing to look at.
var errNoStore = errors.New("there is no store")

// storePath is the seller's store, which need not be there.
func storePath(c *cli.Context, p *profile.Profile) (string, error) {
	if path := c.String(storeFlag.Name); path != "" {
		return path, nil
	}
	return dataFile(p, profile.StoreFile)
}

// storeThere is the seller's store, which is: looking at one makes none.
func storeThere(c *cli.Context, p *profile.Profile) (string, error) {
	path, err := storePath(c, p)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w at %s: the profile's shop has never been opened; where a program of your own sells, name its store with --%s", errNoStore, path, storeFlag.Name)
	}
	return path, nil
}

// sellerAdmin is the running server of the profile's shop. The error wraps
// [operate.ErrNoServer] where none runs, or --store names another store.
func sellerAdmin(c *cli.Context, p *profile.Profile) (*operate.Client, error) {
	if c.String(storeFlag.Name) != "" {
		return nil, operate.ErrNoServer
	}
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return nil, err
	}
	return operate.Dial(socket)
}
