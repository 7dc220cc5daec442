package server

import (
	"context"
	"errors"
	"io"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"golang.org/x/sync/errgroup"
)

// ServeStdio is [Shop.Serve] for the one client that has started this program and talks
// to it over its standard input and output, such as [os.Stdin] and [os.Stdout]. It also
// ends when the client closes the input, and calls in flight are then given up, at no
// charge. Nothing else may write to the output, and the store is this process's alone:
// each client's program needs one of its own. It refuses to start with what
// [Shop.CheckTools] refuses.
func (s *Shop) ServeStdio(ctx context.Context, in io.Reader, out io.Writer, tools *mcpserver.MCPServer, settleEvery time.Duration) error {
	if err := s.paywall.Begin(tools); err != nil {
		return err
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		defer cancel()
		err := mcpserver.NewStdioServer(tools).Listen(within, in, s.paywall.Errors.Writer(out))
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		}
		return err
	})
	group.Go(func() error {
		s.Run(within, settleEvery)
		return nil
	})
	return errors.Join(group.Wait(), s.settleLast(ctx))
}
