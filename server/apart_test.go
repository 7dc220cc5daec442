package server_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/shoptest"
)

func TestOneClientCannotCancelTheCallOfAnother(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	work := new(tool)
	work.do = func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		close(started)
		select {
		case <-ctx.Done():
			return nil, errors.New("cancelled")
		case <-finish:
			return mcp.NewToolResultText("done"), nil
		}
	}
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	answered := make(chan answer, 1)
	go func() { answered <- c.call("work", c.pays(price)) }()
	<-started
	post(t.Context(), t, shop.URL, []byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`))
	close(finish)
	if got := <-answered; got.text() != "done" {
		t.Errorf("answered %s %s %v", got.raw, got.failure, got.err)
	}
}
