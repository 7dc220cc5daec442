package operate

import (
	"context"
	"errors"
	"net"

	"github.com/chitpay/chit/server"
)

// Open is a shop that is reached by its customers and by its operator.
type Open struct {
	*server.Shop
	// On are the listeners to serve it on.
	On server.Listeners
}

// OpenAt opens a shop whose customers come to a listener, which stays the caller's to close,
// and whose operator comes to the admin socket at a path.
func OpenAt(ctx context.Context, public net.Listener, socket string, o server.Options) (*Open, error) {
	shop, err := server.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	admin, err := Listen(socket)
	if err != nil {
		return nil, errors.Join(err, shop.Close())
	}
	return &Open{shop, server.Listeners{Public: public, Admin: admin, Operator: Handler(shop, o.Logger)}}, nil
}

// Close closes the shop and its admin socket.
func (o *Open) Close() error {
	err := o.On.Admin.Close()
	if errors.Is(err, net.ErrClosed) { // by the server
		err = nil
	}
	return errors.Join(o.Shop.Close(), err)
}
