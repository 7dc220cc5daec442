package agent_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
)

// A wallet keeps the key that has the money, and one that signs vouchers in its place.
func ExampleWallet() {
	wallet := agent.Wallet{Dir: "keys", Passphrase: agent.PassphraseFrom("")} // from the environment, or a prompt
	files, err := wallet.List()
	if err != nil || len(files) == 0 {
		log.Fatal("make a key with `chit wallet new`: ", err)
	}
	key, err := wallet.Key(files[0].Address)
	if err != nil {
		log.Fatal(err)
	}
	session, err := agent.Wallet{Dir: "session", Passphrase: wallet.Passphrase}.SessionKey(context.Background(), key.Address())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(agent.Options{Key: key, Session: session})
}

// A client deposits once, pays for calls by itself, and takes the rest back.
func ExampleDial() {
	ctx := context.Background()
	key, _, err := keys.FromEnv("CHIT_KEY")
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

// An http.Client pays for what costs something, and an SDK that takes one does too.
func ExampleNewTransport() {
	key, _, err := keys.FromEnv("CHIT_KEY")
	if err != nil {
		log.Fatal(err)
	}
	transport := agent.NewTransport(agent.Options{
		Key: key, RPC: "https://rpc.example", Token: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), Book: "agent.db",
		TopUp: agent.TopUp{Amount: 1_000_000},
	}, nil)
	defer transport.Close()
	answer, err := (&http.Client{Transport: transport}).Get("https://data.example/weather")
	if err != nil {
		log.Print(err)
		return
	}
	defer answer.Body.Close()
	receipt, paid := agent.ReceiptOf(answer)
	fmt.Println(answer.Status, paid, receipt.Charged)
}
