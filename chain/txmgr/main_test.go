package txmgr_test

import (
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/ethclient"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/txmgr"
)

func TestMain(m *testing.M) { os.Exit(chaintest.Run(m)) }

// settle is a call that always succeeds and changes nothing.
func settle(escrow common.Address) txmgr.Call {
	return txmgr.Call{To: escrow, Data: abigen.NewEscrow().PackSettle(common.Address{1}, common.Address{2}), Label: "settle nothing"}
}

func dialETH(t testing.TB, url string) *ethclient.Client {
	t.Helper()
	client, err := ethclient.DialContext(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// pendingFee is the highest fee per gas of an account's transaction in the pool, nil if there is none.
func pendingFee(t testing.TB, eth *ethclient.Client, account common.Address) *big.Int {
	t.Helper()
	var pool struct {
		Pending map[common.Address]map[string]struct {
			MaxFeePerGas *hexutil.Big `json:"maxFeePerGas"`
		} `json:"pending"`
	}
	if err := eth.Client().CallContext(t.Context(), &pool, "txpool_content"); err != nil {
		t.Fatal(err)
	}
	for _, tx := range pool.Pending[account] {
		return tx.MaxFeePerGas.ToInt()
	}
	return nil
}
