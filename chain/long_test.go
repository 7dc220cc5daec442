package chain_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/chaintest"
)

// flood is an endpoint that knows its chain, and answers everything else with 512 MiB of
// zeros, packed, under a status.
func flood(t *testing.T, status int) string {
	t.Helper()
	zeros := packed(t, strings.Repeat("0", 1<<20))
	return talker(t, func(w http.ResponseWriter, id json.RawMessage) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		_, _ = w.Write(packed(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":"0x`, id)))
		for range 512 {
			if _, err := w.Write(zeros); err != nil {
				return
			}
		}
		_, _ = w.Write(packed(t, `"}`))
	})
}

// packed is a text in gzip. Several, one after the other, unpack to their texts in a row.
func packed(t *testing.T, text string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Error(err)
	}
	return buffer.Bytes()
}

func TestAnEndpointFillsNoMemory(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadGateway} {
		client := chaintest.Dial(t, flood(t, status))
		for name, ask := range map[string]func(context.Context) error{
			"a call": func(ctx context.Context) error {
				_, err := client.CallContract(ctx, ethereum.CallMsg{To: &common.Address{1}}, nil)
				return err
			},
			"logs": func(ctx context.Context) error {
				_, err := client.Logs(ctx, ethereum.FilterQuery{})
				return err
			},
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := ask(t.Context())
			runtime.ReadMemStats(&after)
			if status == http.StatusOK && !errors.Is(err, chain.ErrLong) || err == nil {
				t.Errorf("%d, %s: %v", status, name, err)
			}
			if name == "logs" && status == http.StatusOK && !errors.Is(err, chain.ErrQuery) {
				t.Errorf("a query with so many logs cannot be told from a node that is away: %v", err)
			}
			if used := after.Sys - before.Sys; used > 300<<20 {
				t.Errorf("%d, %s: it takes %d MiB of memory", status, name, used>>20)
			}
		}
	}
}
