package txmgr_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

// greedy is a node that passes everything on, but names a priority fee of its own.
func greedy(t testing.TB, target string, wei *big.Int) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(body), "eth_maxPriorityFeePerGas") {
			_, id, _ := strings.Cut(string(body), `"id":`)
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":"0x%x"}`, id[:strings.IndexAny(id, ",}")], wei)
			return
		}
		answer, err := http.Post(target, "application/json", bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = answer.Body.Close() }()
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestANodeThatNamesAPriorityFeeIsPaidTwiceWhatOthersPayAtMost(t *testing.T) {
	local, client := chaintest.Quiet(t)
	chaintest.Control(t, local.URL(), "evm_setAutomine", true)
	coins := new(big.Int).Mul(big.NewInt(1e9), big.NewInt(5_000_000)) // 5 million gwei per gas
	sender := chaintest.NewSender(t, chaintest.Dial(t, greedy(t, local.URL(), coins)), keys.Dev(3))
	receipt, err := sender.Send(t.Context(), settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(4)))))
	if err != nil {
		t.Fatal(err)
	}
	most := big.NewInt(10e9) // the base fee, and twice what the last blocks paid or 3 gwei
	if receipt.EffectiveGasPrice.Cmp(most) > 0 {
		t.Errorf("it pays %s wei per gas", receipt.EffectiveGasPrice)
	}
}

func TestWithoutALimitABaseFeeThatNoChainHasIsNotPaid(t *testing.T) {
	local, client := chaintest.Quiet(t)
	sender := chaintest.NewSender(t, client, keys.Dev(3))
	chaintest.Control(t, local.URL(), "anvil_setNextBlockBaseFeePerGas", "0x1d1a94a2000000") // 8 million gwei
	chaintest.Control(t, local.URL(), "evm_mine")
	if _, err := sender.Send(t.Context(), settle([20]byte{1})); !errors.Is(err, txmgr.ErrFee) {
		t.Errorf("the transaction: %v", err)
	}
}
