package agent_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/shoptest"
)

// TestMain runs the tests, or what a test has started this program for.
func TestMain(m *testing.M) {
	if play := roles[os.Getenv(roleVariable)]; play != nil {
		if err := play(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	shoptest.Main(m)
}

// roles are what a test starts this program for: as a process of its own.
var roles = map[string]func(in io.Reader, out io.Writer) error{"buyer": playBuyer, "shop": playShop}

const roleVariable = "CHIT_TEST_ROLE"

// as is the command that plays a role.
func as(role string, more ...string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env, c.Stderr = append(append(os.Environ(), roleVariable+"="+role), more...), os.Stderr
	return c
}

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
