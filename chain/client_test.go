package chain_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
)

func TestDialSaysWhatIsWrongAndKeepsAPIKeysOutOfIt(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		urls string
		want error
	}{
		"no URL":              {"", chain.ErrUnreachable},
		"no scheme":           {"127.0.0.1:8545", chain.ErrUnreachable},
		"a file":              {"file:///secret", chain.ErrUnreachable},
		"nobody listens":      {nobody + "/v2/secret", chain.ErrUnreachable},
		"another chain":       {chaintest.Dev.URL(), chain.ErrChainID},
		"the second is wrong": {chaintest.Dev.URL() + "," + nobody + "/v2/secret", chain.ErrUnreachable},
	} {
		wantID := uint64(31337)
		if c.want == chain.ErrChainID {
			wantID = 1
		}
		_, err := chain.Dial(t.Context(), c.urls, chain.WithChainID(wantID))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %q", name, err)
		}
	}
}

func TestAClientKnowsItsChain(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	if client.ChainID() != 31337 || client.Network() != "eip155:31337" {
		t.Errorf("chain id %d, network %s", client.ChainID(), client.Network())
	}
	balance, err := client.Balance(t.Context(), keys.Dev(9).Address())
	if err != nil || balance.Sign() != 1 {
		t.Errorf("balance %s, %v", balance, err)
	}
	receipt, err := client.Receipt(t.Context(), common.Hash{1})
	if receipt != nil || err != nil {
		t.Errorf("receipt of a transaction that is not there: %v, %v", receipt, err)
	}
}

func TestAnEndpointThatDoesNotAnswerIsReplacedByTheNext(t *testing.T) {
	first, second := chaintest.NewProxy(t, chaintest.Dev.URL()), chaintest.NewProxy(t, chaintest.Dev.URL())
	client := chaintest.Dial(t, first.URL+","+second.URL)
	first.Loses("")
	before := second.Requests.Load()
	if _, err := client.BlockNumber(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second.Requests.Load() == before {
		t.Error("the second endpoint was not asked")
	}
	asked := first.Requests.Load()
	if _, err := client.BlockNumber(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first.Requests.Load() != asked {
		t.Error("the endpoint that failed is still asked first")
	}
	second.Loses("")
	if _, err := client.BlockNumber(t.Context()); !errors.Is(err, chain.ErrUnreachable) || !strings.Contains(err.Error(), "503") {
		t.Errorf("with no endpoint left: %v", err)
	}
}

func TestARefusalOfAContractIsNamed(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	escrow := chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(0)))
	deposit := abigen.NewEscrow().PackClaim(nil)
	msg := ethereum.CallMsg{From: keys.Dev(1).Address(), To: &escrow, Data: deposit}
	_, callErr := client.CallContract(t.Context(), msg, nil)
	_, gasErr := client.EstimateGas(t.Context(), msg)
	for name, err := range map[string]error{"call": callErr, "estimate": gasErr} {
		if !chain.IsRevert(err) || !strings.Contains(err.Error(), "EmptyBatch()") {
			t.Errorf("%s: %v", name, err)
		}
	}
	unknown := ethereum.CallMsg{To: &escrow, Data: []byte{1, 2, 3, 4}}
	if _, err := client.CallContract(t.Context(), unknown, nil); !chain.IsRevert(err) {
		t.Errorf("a function that is not there: %v", err)
	}
}
