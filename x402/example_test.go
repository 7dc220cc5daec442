package x402_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/x402"
)

func ExampleRefuse() {
	terms := x402.Requirements{
		Scheme: x402.SchemeBatchSettlement, Network: x402.Network(8453), Amount: 1000, MaxTimeoutSeconds: 60,
		Asset: common.HexToAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), PayTo: common.HexToAddress("0x209693Bc6afc0C5328bA36FaF03C514EF312287C"),
		Extra: x402.Extra{ReceiverAuthorizer: common.HexToAddress("0x1111111111111111111111111111111111111111"), WithdrawDelay: 900, Name: "USD Coin", Version: "2"},
	}
	refusal := x402.Refuse(x402.Resource{URL: "mcp://tool/search"}, []x402.Requirements{terms}, x402.ErrPaymentRequired, "")
	text, err := json.MarshalIndent(refusal, "", " ")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(text))
	// Output:
	// {
	//  "x402Version": 2,
	//  "error": "payment_required",
	//  "errorMessage": "This costs money. Pay with one of the ways in accepts.",
	//  "resource": {
	//   "url": "mcp://tool/search"
	//  },
	//  "accepts": [
	//   {
	//    "scheme": "batch-settlement",
	//    "network": "eip155:8453",
	//    "amount": "1000",
	//    "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
	//    "payTo": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
	//    "maxTimeoutSeconds": 60,
	//    "extra": {
	//     "receiverAuthorizer": "0x1111111111111111111111111111111111111111",
	//     "withdrawDelay": 900,
	//     "name": "USD Coin",
	//     "version": "2"
	//    }
	//   }
	//  ]
	// }
}

func ExampleDecodeValue() {
	meta := map[string]any{x402.MetaPayment: map[string]any{
		"x402Version": 2.0,
		"accepted":    map[string]any{"scheme": "auth-capture", "network": "eip155:8453"},
		"payload":     map[string]any{},
	}}
	_, err := x402.DecodeValue[x402.PaymentPayload](meta[x402.MetaPayment])
	fmt.Println(err)
	fmt.Println(errors.Is(err, x402.ErrUnsupported), x402.CodeOf(err))
	// Output:
	// unsupported x402 payment: accepted.scheme: got "auth-capture", want "batch-settlement", "exact" or "upto"
	// true invalid_batch_settlement_evm_scheme
}
