package agent_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
)

// A client deposits once, pays for calls by itself, and takes the rest back.
func ExampleDial() {
	ctx := context.Background()
	key, _, err := chain.KeyFromEnv("CHIT_KEY")
	if err != nil {
		log.Fatal(err)
	}
	client, err := agent.Dial(ctx, "https://tools.example/mcp", agent.Options{
		Key: key, RPC: "https://rpc.example", Token: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), Book: "agent.db",
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Deposit(ctx, 5_000_000); err != nil {
		log.Fatal(err)
	}
	result, receipt, err := client.CallTool(ctx, "search", map[string]any{"q": "payment channels"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content, receipt.Charged)
	if _, err := client.Refund(ctx, 0); err != nil {
		log.Fatal(err)
	}
}
