package shoptest

import (
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
)

// permit2Source is where the authors of Permit2 publish its code for tests.
const permit2Source = "contracts/node_modules/@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"

// cachedChain is the chain id in that code with which its domain separator was computed
// for another address. With any other id in its place Permit2 computes its own.
const cachedChain = "0000000000000000000000000000000000000000000000000000000000007a69"

var permit2Code = regexp.MustCompile(`hex"([0-9a-f]+)"`)

// PlacePermit2 puts Permit2 at its address on [Net].
func PlacePermit2(t testing.TB) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		source, err := os.ReadFile(filepath.Join(dir, permit2Source))
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			dir = filepath.Dir(dir)
			continue
		}
		if err != nil {
			t.Fatalf("%v; run `make toolchain`", err)
		}
		code := permit2Code.FindSubmatch(source)
		if code == nil {
			t.Fatalf("%s holds no code", permit2Source)
		}
		hex := strings.ReplaceAll(string(code[1]), cachedChain, strings.Repeat("0", len(cachedChain)))
		if err := Net.SetCode(t.Context(), escrow.Permit2, common.FromHex(hex)); err != nil {
			t.Fatal(err)
		}
		return
	}
}

// ApprovePermit2 has the owner of a key let Permit2 move so much of its tokens, in
// atomic units.
func ApprovePermit2(t testing.TB, owner chain.Signer, token common.Address, amount *big.Int) {
	t.Helper()
	sender, err := chain.NewSender(t.Context(), Net.Client, owner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if _, err := sender.Send(t.Context(), chain.Call{To: token, Data: abigen.NewToken().PackApprove(escrow.Permit2, amount), Label: "approve Permit2"}); err != nil {
		t.Fatal(err)
	}
}
