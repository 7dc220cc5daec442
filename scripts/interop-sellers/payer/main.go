// Command payer buys a page and a tool from each seller that scripts/interop-sellers starts, and
// checks that each has cost its price, once. It prints a line for each.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
)

const price = vouchers.Amount(1_000)

func main() {
	dir, err := os.MkdirTemp("", "chit-interop-")
	if err == nil {
		err = errors.Join(run(context.Background(), dir), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop-sellers: FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("interop-sellers: ok")
}

func run(ctx context.Context, dir string) error {
	key, _, err := keys.FromEnv("CHIT_KEY")
	if err != nil {
		return err
	}
	options := agent.Options{
		Key: key, RPC: os.Getenv("INTEROP_RPC"), Token: common.HexToAddress(os.Getenv("INTEROP_TOKEN")), Book: filepath.Join(dir, "book.db"),
	}
	for _, seller := range []struct {
		name, place string
		buy         func(context.Context, string, agent.Options) (agent.Receipt, error)
	}{
		{"x402-express 1.2.0", "INTEROP_V1_PAGE", buyPage},
		{"x402-mcp 0.0.5", "INTEROP_V1_TOOLS", buyTool},
		{"mppx 0.11.0", "INTEROP_MPP_PAGE", buyPage},
	} {
		receipt, err := seller.buy(ctx, os.Getenv(seller.place), options)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", seller.name, err)
		case !receipt.Paid || receipt.Charged != price || receipt.InDoubt != 0 || receipt.Tx == (common.Hash{}):
			return fmt.Errorf("%s has cost %+v, want %s by a transaction, and nothing in doubt", seller.name, receipt, price)
		}
		fmt.Printf("%-19s %s by %s\n", seller.name, receipt.Charged, receipt.Tx)
	}
	return nil
}

func buyPage(ctx context.Context, url string, o agent.Options) (agent.Receipt, error) {
	client, err := agent.NewHTTPClient(ctx, url, o)
	if err != nil {
		return agent.Receipt{}, err
	}
	response, receipt, err := client.Do(ctx, agent.HTTPRequest{URL: url})
	if err == nil && string(response.Body) != "a page" {
		err = fmt.Errorf("the answer is %d %q", response.Status, response.Body)
	}
	return receipt, errors.Join(err, client.Close())
}

func buyTool(ctx context.Context, url string, o agent.Options) (agent.Receipt, error) {
	client, err := agent.Dial(ctx, url, o)
	if err != nil {
		return agent.Receipt{}, err
	}
	result, receipt, err := client.CallTool(ctx, "echo", map[string]any{"text": "hello"})
	if err == nil && (len(result.Content) != 1 || result.Content[0].(mcp.TextContent).Text != "hello") {
		err = fmt.Errorf("the result is %+v", result)
	}
	return receipt, errors.Join(err, client.Close())
}
