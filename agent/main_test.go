package agent_test

import (
	"path/filepath"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

const usdc = shoptest.USDC

// options are those of a payer with 100 USDC of its own.
func options(t testing.TB) agent.Options {
	return agent.Options{
		Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token,
		Book: filepath.Join(t.TempDir(), "agent.db"),
	}
}

func dial(t testing.TB, url string, o agent.Options) *agent.Client {
	t.Helper()
	client, err := agent.Dial(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// funded is a client with a channel of 10 USDC.
func funded(t testing.TB, url string, o agent.Options) *agent.Client {
	t.Helper()
	client := dial(t, url, o)
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	return client
}
