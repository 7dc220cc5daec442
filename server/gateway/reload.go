package gateway

import (
	"context"
	"os"
	"strings"
	"sync"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/server"
)

// ServeReloading is [Gateway.Serve] that reads the config again at every signal of hangup.
// Where that fails the old prices stay, and the log says so.
func (g *Gateway) ServeReloading(ctx context.Context, on server.Listeners, hangup <-chan os.Signal) error {
	until, stop := context.WithCancel(ctx)
	var reloading sync.WaitGroup
	reloading.Go(func() { g.reloadOn(until, hangup) })
	defer reloading.Wait()
	defer stop()
	return g.Serve(ctx, on)
}

func (g *Gateway) reloadOn(ctx context.Context, hangup <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			if err := g.Reload(); err != nil {
				g.logger.Error("the old prices stay", "error", plain.Text(strings.ReplaceAll(err.Error(), "\n", "; ")))
			}
		}
	}
}
