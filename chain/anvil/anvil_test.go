package anvil_test

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/anvil"
)

func TestALocalChainEndsWhenItIsStopped(t *testing.T) {
	local, err := anvil.Start(t.Context(), anvil.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := chain.Dial(t.Context(), local.URL())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	for range 2 {
		if err := local.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	<-local.Done()
	if _, err := chain.Dial(t.Context(), local.URL()); !errors.Is(err, chain.ErrUnreachable) {
		t.Errorf("it still answers: %v", err)
	}
}

func TestATakenPortIsSaid(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := taken.Addr().(*net.TCPAddr).Port
	_, err = anvil.Start(t.Context(), anvil.Options{Port: port})
	if !errors.Is(err, anvil.ErrStart) || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("on a taken port: %v", err)
	}
}

func TestAMissingProgramIsSaid(t *testing.T) {
	t.Setenv(anvil.Variable, t.TempDir()+"/no-such-program")
	if _, err := anvil.Start(t.Context(), anvil.Options{}); !errors.Is(err, anvil.ErrStart) {
		t.Errorf("without the program: %v", err)
	}
}
