package shoptest

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/operate"
)

// Socket is a path that is short enough for a Unix socket.
func Socket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chit")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "admin.sock")
}

// ServeOperator serves a handler on an admin socket until what it returns is called.
func ServeOperator(t testing.TB, path string, handler http.Handler) (stop func()) {
	t.Helper()
	listener, err := operate.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener, handler, slog.New(slog.DiscardHandler)) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the admin socket: %v", err)
		}
	}
}

// Operator is who looks after the shop over an admin socket, until the test ends.
func (s *Shop) Operator(t testing.TB) *operate.Client {
	t.Helper()
	path := Socket(t)
	t.Cleanup(ServeOperator(t, path, operate.Handler(s.Shop, slog.New(slog.DiscardHandler))))
	client, err := operate.Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
