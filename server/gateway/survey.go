package gateway

import (
	"context"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/listing"
	"github.com/chitpay/chit/server/limits"
)

// Survey connects to the upstreams of a config, and says what a gateway would sell of
// them. It needs no shop, and ends the connections again.
func Survey(ctx context.Context, config *Config, o Options) (*listing.Report, error) {
	bounds, err := limitsOf(config)
	if err != nil {
		return nil, err
	}
	g := newGateway(config, nil, bounds, mcpserver.NewMCPServer(implementation, o.Version), o)
	if err := g.listing.Price(config); err != nil {
		return nil, err
	}
	g.connect(ctx)
	defer g.Close()
	if err := g.await(ctx); err != nil {
		return nil, err
	}
	return g.listing.Report(), nil
}

// limitsAlone are limits where there is no shop.
type limitsAlone server.Limits

func (l limitsAlone) Limits() server.Limits { return server.Limits(l) }

// MeetLimit counts nothing: nobody reads it.
func (l limitsAlone) MeetLimit(string) {}

func limitsOf(c *Config) (limitsAlone, error) {
	var bounds server.Limits
	for _, texts := range []map[string]string{limits.Defaults(), c.Limits} {
		for name, text := range texts {
			if err := bounds.Set(name, text); err != nil {
				return limitsAlone{}, err
			}
		}
	}
	return limitsAlone(bounds), nil
}
