// Command peer is both ends of the comparison with the stock server: `peer serve FILE`
// sells a page with its channels in a file, and `peer pay TIME` buys it there and from
// the stock server, in turns of so long.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// What a call costs, as at the stock server, and what a channel holds.
const (
	price   = vouchers.Amount(1_000)
	deposit = vouchers.Amount(400_000_000)
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := errors.New("usage: peer serve FILE | peer pay TIME")
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "serve":
			err = serve(ctx, os.Args[2])
		case "pay":
			err = pay(ctx, os.Args[2])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-peer:", err)
		os.Exit(1)
	}
}

func tokenFromEnv() common.Address { return common.HexToAddress(os.Getenv("PEER_TOKEN")) }

// serve sells lines until the context ends, and prints where. An honest client has met no
// limit by then.
func serve(ctx context.Context, store string) error {
	key, _, err := keys.FromEnv("CHIT_KEY")
	if err != nil {
		return err
	}
	shop, err := server.Open(ctx, server.Options{
		RPC: os.Getenv("PEER_RPC"), Key: key, Token: tokenFromEnv(), Store: store, Escrow: escrow.Canonical.Escrow, WithdrawDelay: vouchers.MinWithdrawDelay,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	var sold atomic.Int64
	mux := http.NewServeMux()
	offer := server.HTTPOffer{Name: "GET /line", Price: func() vouchers.Amount { return price }}
	mux.Handle("GET /line", shop.SellHTTP(offer)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "line %d", sold.Add(1)) // held back until it is paid for: cannot fail
	})))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, shop.Close())
	}
	fmt.Printf("http://%s\n", listener.Addr())
	err = errors.Join(shop.ServeHandler(ctx, server.Listeners{Public: listener}, mux, time.Hour), shop.Close())
	if met := shop.LimitHits(); len(met) > 0 {
		err = errors.Join(err, fmt.Errorf("honest clients have met limits: %v", met))
	}
	return err
}
