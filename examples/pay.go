package examples

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
)

// Pay deposits, calls a tool, and takes back what is left. Its book is the file agent.db of
// the current folder.
func Pay(ctx context.Context, url, rpc string, key keys.Signer, usdc common.Address) error {
	client, err := agent.Dial(ctx, url, agent.Options{Key: key, RPC: rpc, Token: usdc, Book: "agent.db"})
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.Deposit(ctx, 5_000_000); err != nil { // 5 USDC; the agent signs, the server submits and pays the gas
		return err
	}
	result, receipt, err := client.CallTool(ctx, "search", map[string]any{"q": "payment channels"})
	if err != nil {
		return err
	}
	fmt.Println(result.Content, receipt.Charged)
	_, err = client.Refund(ctx, 0) // what is left
	return err
}

// Fetch reads a page that costs something, and deposits with the first request.
func Fetch(url, rpc string, key keys.Signer, usdc common.Address) (page []byte, receipt agent.Receipt, err error) {
	options := agent.Options{Key: key, RPC: rpc, Token: usdc, Book: "agent.db", TopUp: agent.TopUp{Amount: 1_000_000}}
	paying := agent.NewTransport(options, nil)
	defer paying.Close()
	answer, err := (&http.Client{Transport: paying}).Get(url)
	if err != nil {
		return nil, agent.Receipt{}, err
	}
	defer answer.Body.Close()
	receipt, _ = agent.ReceiptOf(answer)
	page, err = io.ReadAll(answer.Body)
	return page, receipt, err
}
