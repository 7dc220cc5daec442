package abigen_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/triedb"

	"github.com/chitpay/chit/abigen"
)

// deployerCode is the code of the deterministic deployer: CREATE2 with the first word of the call data as salt.
var deployerCode = common.FromHex("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3")

func TestEachContractLandsAtItsAddressWithItsCode(t *testing.T) {
	chain, err := state.New(types.EmptyRootHash, state.NewDatabase(triedb.NewDatabase(rawdb.NewMemoryDatabase(), nil), nil))
	if err != nil {
		t.Fatal(err)
	}
	chain.SetCode(abigen.Deployer, deployerCode, 0)
	for _, d := range abigen.Deployments() {
		if got := crypto.Keccak256Hash(d.InitCode()); got != d.InitCodeHash {
			t.Errorf("%s: init code hashes to %s, want %s", d.Name, got, d.InitCodeHash)
		}
		out, _, err := runtime.Call(abigen.Deployer, d.DeployCall(), &runtime.Config{State: chain})
		if err != nil {
			t.Fatalf("%s: deploy: %v", d.Name, err)
		}
		if got := common.BytesToAddress(out); got != d.Address {
			t.Errorf("%s: deployed at %s, want %s", d.Name, got, d.Address)
		}
		if got := chain.GetCodeHash(d.Address); got != d.RuntimeCodeHash {
			t.Errorf("%s: code on chain hashes to %s, want %s", d.Name, got, d.RuntimeCodeHash)
		}
	}
}
