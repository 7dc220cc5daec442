package chain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/chaintest"
)

// liar is an endpoint that answers what it is told to.
func liar(t *testing.T, answers map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			ID     json.RawMessage
			Method string
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return
		}
		answer, ok := answers[request.Method]
		if !ok {
			answer = "null"
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, request.ID, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func receiptJSON(tx common.Hash) string {
	return fmt.Sprintf(`{"transactionHash":%q,"blockHash":%q,"blockNumber":"0x1","transactionIndex":"0x0","status":"0x1",
		"cumulativeGasUsed":"0x1","gasUsed":"0x1","logsBloom":"0x%s","logs":[],"type":"0x2"}`, tx, tx, strings.Repeat("0", 512))
}

func TestAReceiptOfAnotherTransactionIsNotBelieved(t *testing.T) {
	url := liar(t, map[string]string{"eth_chainId": `"0x7a69"`, "eth_getTransactionReceipt": receiptJSON(common.Hash{2})})
	if _, err := chaintest.Dial(t, url).Receipt(t.Context(), common.Hash{1}); !errors.Is(err, chain.ErrWrongAnswer) {
		t.Errorf("believed: %v", err)
	}
	receipt, err := chaintest.Dial(t, url+","+chaintest.Dev.URL()).Receipt(t.Context(), common.Hash{1})
	if receipt != nil || err != nil {
		t.Errorf("the honest endpoint was not asked: %v, %v", receipt, err)
	}
}

func TestAHeadFarBehindIsAnEndpointsMistakeUntilItLasts(t *testing.T) {
	local, _ := chaintest.Quiet(t)
	honest := local.URL()
	chaintest.Control(t, honest, "anvil_mine", 200)
	lagging := liar(t, map[string]string{"eth_chainId": `"0x7a69"`, "eth_blockNumber": `"0x1"`})
	rewound := chaintest.NewProxy(t, honest)
	client := chaintest.Dial(t, rewound.URL)
	if _, err := client.BlockNumber(t.Context()); err != nil {
		t.Fatal(err)
	}
	rewound.Target.Store(&lagging)
	if _, err := client.BlockNumber(t.Context()); !errors.Is(err, chain.ErrWrongAnswer) {
		t.Errorf("believed: %v", err)
	}
	chaintest.Until(t, "the rewound chain is believed", func() bool {
		got, err := client.BlockNumber(t.Context())
		return err == nil && got == 1
	})
}

func TestAnEndpointThatComesBackWithAnotherChainIsNotBelieved(t *testing.T) {
	proxy := chaintest.NewProxy(t, chaintest.Dev.URL())
	client := chaintest.Dial(t, proxy.URL)
	proxy.Loses("")
	if _, err := client.BlockNumber(t.Context()); !errors.Is(err, chain.ErrUnreachable) {
		t.Fatalf("answered: %v", err)
	}
	other := liar(t, map[string]string{"eth_chainId": `"0x1"`, "eth_blockNumber": `"0x5"`})
	proxy.Target.Store(&other)
	proxy.LosesNothing()
	if _, err := client.BlockNumber(t.Context()); !errors.Is(err, chain.ErrChainID) {
		t.Errorf("believed: %v", err)
	}
}

func TestLogsAreReadByRange(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	logs, err := client.Logs(t.Context(), ethereum.FilterQuery{Addresses: []common.Address{{7}}})
	if err != nil || len(logs) != 0 {
		t.Errorf("logs of nobody: %v, %v", logs, err)
	}
}
