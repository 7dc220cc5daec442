package escrow_test

import (
	"encoding/binary"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
)

// answers is a contract that gives each function one fixed answer.
type answers map[string][]byte

// code assembles the contract: a comparison and a jump for each selector, then a
// return for each answer.
func (a answers) code(t testing.TB) []byte {
	t.Helper()
	tokenABI, err := abigen.TokenMetaData.ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	const test, give = 11, 16 // bytes of code
	head := []byte{0x5f, 0x35, 0x60, 0xe0, 0x1c}
	const fallback = 3
	start := len(head) + test*len(a) + fallback
	data := start + give*len(a)
	var tests, gives, tail []byte
	for name, answer := range a {
		method, ok := tokenABI.Methods[name]
		if !ok {
			t.Fatalf("no function %s", name)
		}
		at := start + len(gives)
		tests = append(append(append(tests, 0x80, 0x63), method.ID...), 0x14, 0x61)
		tests = append(binary.BigEndian.AppendUint16(tests, uint16(at)), 0x57)
		gives = append(gives, 0x5b, 0x61)
		gives = append(binary.BigEndian.AppendUint16(gives, uint16(len(answer))), 0x61)
		gives = append(binary.BigEndian.AppendUint16(gives, uint16(data+len(tail))), 0x5f, 0x39, 0x61)
		gives = append(binary.BigEndian.AppendUint16(gives, uint16(len(answer))), 0x5f, 0xf3, 0x00, 0x00)
		tail = append(tail, answer...)
	}
	return append(append(append(append(head, tests...), 0x5f, 0x5f, 0xfd), gives...), tail...)
}

func (a answers) deploy(t testing.TB) common.Address {
	t.Helper()
	client, err := rpc.DialContext(t.Context(), net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	address := common.BytesToAddress(crypto.Keccak256([]byte("token of " + t.Name())))
	if err := client.CallContext(t.Context(), nil, "anvil_setCode", address, hexutil.Bytes(a.code(t))); err != nil {
		t.Fatal(err)
	}
	return address
}

func encode(t testing.TB, typ string, v any) []byte {
	t.Helper()
	parsed, err := abi.NewType(typ, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := abi.Arguments{{Type: parsed}}.Pack(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func separator(name, version string, token common.Address) []byte {
	return crypto.Keccak256(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
		crypto.Keccak256([]byte(name)), crypto.Keccak256([]byte(version)),
		common.BigToHash(new(big.Int).SetUint64(net.Client.ChainID())).Bytes(), common.LeftPadBytes(token[:], 32),
	)
}

// token answers as an honest ERC-3009 token of this name does.
func token(t testing.TB, name, version string) answers {
	address := common.BytesToAddress(crypto.Keccak256([]byte("token of " + t.Name())))
	return answers{
		"name": encode(t, "string", name), "symbol": encode(t, "string", "EURC"), "version": encode(t, "string", version),
		"decimals": encode(t, "uint8", uint8(6)), "DOMAIN_SEPARATOR": separator(name, version, address),
	}
}

func TestATokensDomainIsReadFromTheChain(t *testing.T) {
	dev, err := funding.ReadToken(t.Context(), net.Client, net.Token)
	if err != nil || dev.Name != "USD Coin" || dev.Version != "2" || dev.Symbol != "USDC" {
		t.Errorf("read %+v, %v", dev, err)
	}
	other := token(t, "EURC", "7").deploy(t)
	read, err := funding.ReadToken(t.Context(), net.Client, other)
	if err != nil || read.Name != "EURC" || read.Version != "7" || common.Hash(separator("EURC", "7", other)) != read.Separator {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestATokenThatCannotBePaidWithIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(answers)
		want  error
		says  string
	}{
		"18 decimals":               {func(a answers) { a["decimals"] = encode(t, "uint8", uint8(18)) }, funding.ErrToken, "18 decimals"},
		"no EIP-712 domain":         {func(a answers) { delete(a, "DOMAIN_SEPARATOR") }, funding.ErrToken, "no EIP-3009"},
		"a name that is not its":    {func(a answers) { a["name"] = encode(t, "string", "USD Coin") }, funding.ErrToken, "DOMAIN_SEPARATOR"},
		"a version that is not":     {func(a answers) { a["version"] = encode(t, "string", "8") }, funding.ErrToken, "DOMAIN_SEPARATOR"},
		"no name":                   {func(a answers) { delete(a, "name") }, nil, "refuses"},
		"an answer that is no text": {func(a answers) { a["name"] = []byte{1} }, nil, "token"},
	} {
		t.Run(name, func(t *testing.T) {
			a := token(t, "EURC", "7")
			c.spoil(a)
			address := a.deploy(t)
			_, err := funding.ReadToken(t.Context(), net.Client, address)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), address.Hex()) {
				t.Errorf("refused with %v", err)
			}
		})
	}
	if _, err := funding.ReadToken(t.Context(), net.Client, common.HexToAddress("0x1234")); !errors.Is(err, chain.ErrNoContract) {
		t.Errorf("an address without code: %v", err)
	}
}
