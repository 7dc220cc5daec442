package chain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"
)

// ErrLong says that an endpoint's answer is longer than one is read.
var ErrLong = errors.New("the endpoint's answer is too long")

// maxAnswer is how long an answer of an endpoint may be, in bytes after unpacking: as long
// as a message over a WebSocket.
const maxAnswer = 32 << 20

// connect is a connection to an endpoint that can fill no memory.
func connect(ctx context.Context, text string) (*ethclient.Client, error) {
	client, err := rpc.DialOptions(ctx, text,
		rpc.WithHTTPClient(&http.Client{Transport: cutting{http.DefaultTransport}}), rpc.WithWebsocketMessageSizeLimit(maxAnswer))
	if err != nil {
		return nil, err
	}
	return ethclient.NewClient(client), nil
}

// cutting is a transport whose answers end with [ErrLong] where they are too long.
type cutting struct{ http.RoundTripper }

// RoundTrip makes a request.
func (c cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &cutBody{response.Body, maxAnswer}
	return response, nil
}

type cutBody struct {
	io.ReadCloser
	left int64
}

// Read reads what has come.
func (b *cutBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: it has more than %d bytes", ErrLong, maxAnswer)
	}
	return n, err
}
