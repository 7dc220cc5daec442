package gateway

import (
	"context"
	"crypto/tls"

	"github.com/chitpay/chit/server"
)

// Serve serves the gateway until the context ends; then it ends the open streams,
// lets the calls in flight finish, and settles once more if the config or the shop's
// policy says so. It closes the listeners. It is called once.
func (g *Gateway) Serve(ctx context.Context, on server.Listeners) error {
	if g.config.TLS != nil {
		on.Public = tls.NewListener(on.Public, &tls.Config{Certificates: []tls.Certificate{*g.config.TLS}, MinVersion: tls.VersionTLS12})
	}
	if g.config.SettleOnStop {
		g.shop.Settler.Policy.OnShutdown = true
	}
	return g.shop.ServeHandler(ctx, on, g.Handler(ctx), g.config.SettleEvery)
}
