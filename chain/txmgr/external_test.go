package txmgr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
)

// clef signs like clef does, what change makes of the transaction.
func clef(t *testing.T, change func(*types.DynamicFeeTx)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			ID     json.RawMessage
			Method string
			Params []struct {
				To                                          common.Address
				Input                                       hexutil.Bytes
				Nonce, Gas                                  hexutil.Uint64
				MaxFeePerGas, MaxPriorityFeePerGas, ChainID *hexutil.Big
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return
		}
		result := any("6.1.0")
		if request.Method == "account_signTransaction" {
			p := request.Params[0]
			tx := &types.DynamicFeeTx{
				ChainID: p.ChainID.ToInt(), Nonce: uint64(p.Nonce), GasTipCap: p.MaxPriorityFeePerGas.ToInt(), GasFeeCap: p.MaxFeePerGas.ToInt(),
				Gas: uint64(p.Gas), To: &p.To, Data: p.Input,
			}
			change(tx)
			signed, err := keys.Dev(6).SignTx(r.Context(), types.NewTx(tx), 31337)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			raw, _ := signed.MarshalBinary()
			result = map[string]any{"raw": hexutil.Bytes(raw), "tx": signed}
		}
		text, _ := json.Marshal(result)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, request.ID, text)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnExternalSignerSends(t *testing.T) {
	signer, err := keys.DialSigner(clef(t, func(*types.DynamicFeeTx) {}), keys.Dev(6).Address())
	if err != nil {
		t.Fatal(err)
	}
	client := chaintest.Dial(t, chaintest.Dev.URL())
	sender := chaintest.NewSender(t, client, signer)
	if receipt, err := sender.Send(t.Context(), settle(chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7))))); err != nil || receipt == nil {
		t.Errorf("sent with %v", err)
	}
	if _, err := signer.SignHash(t.Context(), common.Hash{}); !errors.Is(err, keys.ErrUnusable) {
		t.Errorf("signed a bare hash: %v", err)
	}
}

func TestWhatAnExternalSignerMadeOfItIsChecked(t *testing.T) {
	tx := types.NewTx(&types.DynamicFeeTx{ChainID: big.NewInt(31337), To: &common.Address{1}, GasTipCap: common.Big1, GasFeeCap: common.Big1, Data: []byte{1}})
	for name, change := range map[string]func(*types.DynamicFeeTx){
		"another receiver": func(tx *types.DynamicFeeTx) { tx.To = &common.Address{2} },
		"money with it":    func(tx *types.DynamicFeeTx) { tx.Value = common.Big1 },
		"other data":       func(tx *types.DynamicFeeTx) { tx.Data = nil },
		"another nonce":    func(tx *types.DynamicFeeTx) { tx.Nonce++ },
	} {
		signer, err := keys.DialSigner(clef(t, change), keys.Dev(6).Address())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signer.SignTx(context.Background(), tx, 31337); !errors.Is(err, keys.ErrUnusable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger, err := keys.DialSigner(clef(t, func(*types.DynamicFeeTx) {}), keys.Dev(5).Address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.SignTx(context.Background(), tx, 31337); !errors.Is(err, keys.ErrUnusable) {
		t.Errorf("signed by another key: %v", err)
	}
	if _, err := keys.DialSigner("http://127.0.0.1:1", common.Address{}); !errors.Is(err, keys.ErrUnusable) {
		t.Errorf("dialed nobody: %v", err)
	}
}
