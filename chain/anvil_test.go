package chain_test

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain"
)

func TestALocalChainEndsWhenItIsStopped(t *testing.T) {
	local, err := chain.StartAnvil(t.Context(), chain.AnvilOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dial(t, local.URL())
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
	_, err = chain.StartAnvil(t.Context(), chain.AnvilOptions{Port: port})
	if !errors.Is(err, chain.ErrAnvil) || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("on a taken port: %v", err)
	}
}

func TestAMissingProgramIsSaid(t *testing.T) {
	t.Setenv(chain.AnvilVariable, t.TempDir()+"/no-such-program")
	if _, err := chain.StartAnvil(t.Context(), chain.AnvilOptions{}); !errors.Is(err, chain.ErrAnvil) {
		t.Errorf("without the program: %v", err)
	}
}
