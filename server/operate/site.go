package operate

import (
	"context"
	"errors"
	"net"

	"github.com/chitpay/chit/server"
)

// Site is a shop that is reached by its customers and by its operator.
type Site struct {
	*server.Shop
	// On are the listeners to serve it on.
	On server.Listeners
}

// OpenSite opens a shop whose customers come to a listener, which stays the caller's to close,
// and whose operator comes to the admin socket at a path.
func OpenSite(ctx context.Context, public net.Listener, socket string, o server.Options) (*Site, error) {
	shop, err := server.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	admin, err := Listen(socket)
	if err != nil {
		return nil, errors.Join(err, shop.Close())
	}
	return &Site{shop, server.Listeners{Public: public, Admin: admin, Operator: Handler(shop, o.Logger)}}, nil
}

// Close closes the shop and its admin socket.
func (s *Site) Close() error {
	err := s.On.Admin.Close()
	if errors.Is(err, net.ErrClosed) { // by the server
		err = nil
	}
	return errors.Join(s.Shop.Close(), err)
}
