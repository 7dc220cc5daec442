package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
)

// turns is how often each server has its turn; a figure is that of the middle one.
const turns = 3

var crowds = []int{1, 16} // callers at once, each with a channel of its own

// caller is one payer with a channel to one server.
type caller struct {
	client *agent.HTTPClient
	page   string
}

// result is what a turn has come to: calls a second, and waiting times in microseconds.
type result struct{ rate, p50, p99 float64 }

func pay(ctx context.Context, turn string) error {
	length, err := time.ParseDuration(turn)
	if err != nil {
		return err
	}
	ours, err := open(ctx, os.Getenv("PEER_CHIT"))
	if err != nil {
		return fmt.Errorf("our server: %w", err)
	}
	stock, err := open(ctx, os.Getenv("PEER_STOCK"))
	if err != nil {
		return fmt.Errorf("the stock server: %w", err)
	}
	for _, n := range crowds {
		var of [2][]result
		for range turns {
			for i, callers := range [][]caller{ours, stock} {
				r, err := measure(ctx, callers[:n], length)
				if err != nil {
					return err
				}
				of[i] = append(of[i], r)
			}
		}
		report(n, of[0], of[1])
	}
	var errs []error
	for _, c := range append(ours, stock...) {
		errs = append(errs, c.client.Close())
	}
	return errors.Join(errs...)
}

// open makes a client for every key, and has each make its deposit with a first call.
func open(ctx context.Context, server string) (callers []caller, err error) {
	for _, hex := range strings.Split(os.Getenv("PEER_KEYS"), ",") {
		key, err := crypto.HexToECDSA(strings.TrimPrefix(hex, "0x"))
		if err != nil {
			return nil, err
		}
		client, err := agent.NewHTTPClient(ctx, server, agent.Options{
			Key: keys.NewSigner(key), RPC: os.Getenv("PEER_RPC"), Token: tokenFromEnv(), TopUp: agent.TopUp{Amount: deposit},
			Policy: agent.Policy{MaxPrice: agent.Unlimited, MaxDeposit: agent.Unlimited},
		})
		if err != nil {
			return nil, err
		}
		c := caller{client, server + "/line"}
		if err := c.buy(ctx); err != nil {
			return nil, fmt.Errorf("the first call: %w", err)
		}
		callers = append(callers, c)
	}
	return callers, nil
}

func (c caller) buy(ctx context.Context) error {
	answer, receipt, err := c.client.Do(ctx, agent.HTTPRequest{URL: c.page})
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK || receipt.Charged != price {
		return fmt.Errorf("%s was answered %d %q for %s", c.page, answer.Status, answer.Body, receipt.Charged)
	}
	return nil
}

// measure has all callers buy one page after the other for so long.
func measure(ctx context.Context, callers []caller, length time.Duration) (result, error) {
	waits, errs := make([][]time.Duration, len(callers)), make([]error, len(callers))
	began := time.Now()
	var all sync.WaitGroup
	for i, c := range callers {
		all.Go(func() {
			for time.Since(began) < length && errs[i] == nil {
				asked := time.Now()
				errs[i] = c.buy(ctx)
				waits[i] = append(waits[i], time.Since(asked))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	every := slices.Concat(waits...)
	slices.Sort(every)
	us := func(share int) float64 { return float64(every[len(every)*share/100].Nanoseconds()) / 1e3 }
	return result{float64(len(every)) / took.Seconds(), us(50), us(99)}, errors.Join(errs...)
}

// report prints the middle of each figure, and of its ratio to the stock server's.
func report(n int, ours, stock []result) {
	for _, figure := range []struct {
		name, unit string
		of         func(result) float64
	}{
		{"", "calls/s", func(r result) float64 { return r.rate }},
		{".p50", "us", func(r result) float64 { return r.p50 }},
		{".p99", "us", func(r result) float64 { return r.p99 }},
	} {
		var chit, peer, ratio []float64
		for i := range ours {
			chit, peer = append(chit, figure.of(ours[i])), append(peer, figure.of(stock[i]))
			ratio = append(ratio, chit[i]/peer[i])
		}
		fmt.Printf("peer.chit.%d%s %.0f %s %.3g\n", n, figure.name, middle(chit), figure.unit, middle(ratio))
		fmt.Printf("peer.stock.%d%s %.0f %s -\n", n, figure.name, middle(peer), figure.unit)
	}
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
