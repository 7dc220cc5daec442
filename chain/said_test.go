package chain_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/chaintest"
)

// talker is an endpoint that knows its chain, and answers everything else as it is told.
func talker(t *testing.T, answers func(w http.ResponseWriter, id json.RawMessage)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			ID     json.RawMessage
			Method string
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if request.Method == "eth_chainId" {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":"0x7a69"}`, request.ID)
			return
		}
		answers(w, request.ID)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnErrorHoldsNoMoreThanAFewWordsOfAnEndpoints(t *testing.T) {
	long := strings.Repeat("é many words ", 100_000)
	reverted := "08c379a0" + fmt.Sprintf("%064x%064x", 32, len(long)) + hex.EncodeToString([]byte(long)) + strings.Repeat("00", 32)
	refuse := func(fields string) func(http.ResponseWriter, json.RawMessage) {
		return func(w http.ResponseWriter, id json.RawMessage) {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{%s}}`, id, fields)
		}
	}
	status := func(code int) func(http.ResponseWriter, json.RawMessage) {
		return func(w http.ResponseWriter, _ json.RawMessage) {
			w.WriteHeader(code)
			fmt.Fprint(w, long)
		}
	}
	for name, how := range map[string]func(http.ResponseWriter, json.RawMessage){
		"an error":             refuse(fmt.Sprintf(`"code":-32000,"message":%q`, long)),
		"a limit of requests":  refuse(fmt.Sprintf(`"code":-32005,"message":%q`, long)),
		"no gas":               refuse(fmt.Sprintf(`"code":-32000,"message":"insufficient funds %s"`, long)),
		"another chain":        refuse(fmt.Sprintf(`"code":-32000,"message":"chain id %s"`, long)),
		"a revert":             refuse(fmt.Sprintf(`"code":3,"message":"execution reverted %s"`, long)),
		"a reason of a revert": refuse(fmt.Sprintf(`"code":3,"message":"execution reverted","data":"0x%s"`, reverted)),
		"no answer":            func(w http.ResponseWriter, _ json.RawMessage) { fmt.Fprint(w, long) },
		"a bad request":        status(http.StatusBadRequest),
		"a bad gateway":        status(http.StatusBadGateway),
	} {
		client := chaintest.Dial(t, talker(t, how))
		for what, ask := range map[string]func(context.Context) error{
			"a call": func(ctx context.Context) error {
				_, err := client.CallContract(ctx, ethereum.CallMsg{To: &common.Address{1}}, nil)
				return err
			},
			"logs": func(ctx context.Context) error {
				_, err := client.Logs(ctx, ethereum.FilterQuery{})
				return err
			},
		} {
			if err := ask(t.Context()); err == nil || len(err.Error()) > 1000 || !strings.HasPrefix(err.Error(), map[string]string{"a call": "call contract: ", "logs": "read logs: "}[what]) {
				t.Errorf("%s, %s: %.200v", name, what, err)
			}
		}
	}
}
