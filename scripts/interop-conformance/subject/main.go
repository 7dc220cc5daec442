// Command subject is the MCP server that the conformance suite asks for. It serves it
// as it is, and with the paywall, and prints the URLs of both:
//
//	{"plain": "http://...", "free": "http://...", "priced": "http://..."}
//
// On free only a tool costs money that no scenario calls; on priced every tool does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/common"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// firstKey is the dev key of the first shop; `chit dev` uses those below it.
const firstKey = 5

func main() {
	rpc := flag.String("rpc", "", "URL of the chain")
	token := flag.String("token", "", "address of the token")
	dir := flag.String("dir", "", "folder of the stores")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *rpc, common.HexToAddress(*token), *dir); err != nil {
		fmt.Fprintln(os.Stderr, "subject:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rpc string, token common.Address, dir string) error {
	group, ctx := errgroup.WithContext(ctx)
	urls := make(map[string]string)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	urls["plain"] = urlOf(plain)
	group.Go(func() error { return server.Serve(ctx, plain, transport(newSubject()), slog.Default()) })
	for i, shop := range []struct {
		name   string
		prices server.Prices
	}{{"free", server.Prices{unusedTool: "0.001", "*": server.Free}}, {"priced", server.Prices{"*": "0.001"}}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		urls[shop.name] = urlOf(listener)
		o := server.Options{
			RPC: rpc, Key: keys.Dev(firstKey + i), Token: token, Store: filepath.Join(dir, shop.name+".db"), Prices: shop.prices,
			WithdrawDelay: vouchers.MinWithdrawDelay,
		}
		group.Go(func() error { return sell(ctx, listener, o) })
	}
	if err := json.NewEncoder(os.Stdout).Encode(urls); err != nil {
		return err
	}
	return group.Wait()
}

func sell(ctx context.Context, listener net.Listener, o server.Options) error {
	shop, err := server.Open(ctx, o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	tools := newSubject()
	shop.Sell(tools)
	return errors.Join(shop.ServeHandler(ctx, server.Listeners{Public: listener}, transport(tools), time.Hour), shop.Close())
}

// transport is mcp-go's own, with sessions: without them a server cannot ask its client
// for something, which some scenarios want, and [server.Shop.Handler] has none.
func transport(tools *mcpserver.MCPServer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcpserver.NewStreamableHTTPServer(tools))
	return mux
}

func urlOf(listener net.Listener) string { return fmt.Sprintf("http://%s/mcp", listener.Addr()) }
