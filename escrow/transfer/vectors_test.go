package transfer_test

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// vector is a payment that a stock client has signed (scripts/vectors).
type vector struct {
	Kind    string
	ChainID uint64
	Domain  struct{ Name, Version string }
	Token   common.Address
	Payload struct {
		Signature     vouchers.Signature
		Authorization *struct {
			From, To                common.Address
			Value                   vouchers.Amount
			ValidAfter, ValidBefore json.Number
			Nonce                   common.Hash
		}
		Permit2Authorization struct {
			From      common.Address
			Permitted struct{ Amount vouchers.Amount }
			Spender   common.Address
			Nonce     json.Number
			Deadline  json.Number
			Witness   struct {
				To, Facilitator common.Address
				ValidAfter      json.Number
			}
		}
	}
	Digest common.Hash
	Permit *struct {
		Nonce, Deadline json.Number
		Signature       vouchers.Signature
		Digest          common.Hash
	}
}

func readVectors(t testing.TB) (all []vector) {
	t.Helper()
	raw, err := os.ReadFile("testdata/x402-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func number(t testing.TB, n json.Number) *big.Int {
	t.Helper()
	v, ok := new(big.Int).SetString(n.String(), 10)
	if !ok {
		t.Fatalf("%q is no number", n)
	}
	return v
}

// token is the vector's, as the chain would tell of it.
func (v vector) token() funding.Token {
	domain := crypto.Keccak256Hash([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	return funding.Token{
		Address: v.Token, Name: v.Domain.Name, Version: v.Domain.Version, EIP3009: true,
		Separator: crypto.Keccak256Hash(domain[:], crypto.Keccak256([]byte(v.Domain.Name)), crypto.Keccak256([]byte(v.Domain.Version)),
			common.LeftPadBytes(new(big.Int).SetUint64(v.ChainID).Bytes(), 32), common.LeftPadBytes(v.Token[:], 32)),
	}
}

func (v vector) transfer(t testing.TB) transfer.Transfer {
	t.Helper()
	signed := transfer.Transfer{Method: transfer.EIP3009, ChainID: v.ChainID, Token: v.Token, Signature: v.Payload.Signature}
	if a := v.Payload.Authorization; a != nil {
		signed.From, signed.To, signed.Value, signed.Nonce = a.From, a.To, a.Value, a.Nonce
		signed.ValidAfter, signed.ValidBefore = number(t, a.ValidAfter).Uint64(), number(t, a.ValidBefore).Uint64()
		return signed
	}
	p := v.Payload.Permit2Authorization
	signed.Method, signed.From, signed.To, signed.Value = transfer.Permit2, p.From, p.Witness.To, p.Permitted.Amount
	if v.Kind == "upto" {
		signed.Method = transfer.Upto
	}
	signed.Spender, signed.Facilitator, signed.Nonce = p.Spender, p.Witness.Facilitator, common.BigToHash(number(t, p.Nonce))
	signed.ValidAfter, signed.ValidBefore = number(t, p.Witness.ValidAfter).Uint64(), number(t, p.Deadline).Uint64()
	if v.Permit != nil {
		signed.Permit = &transfer.Permit{Nonce: number(t, v.Permit.Nonce).Uint64(), Deadline: number(t, v.Permit.Deadline).Uint64(), Signature: v.Permit.Signature}
	}
	return signed
}

// vectorTime is when the stock clients signed.
var vectorTime = time.Unix(1_790_000_000, 0)

func TestATransferIsSignedAsStockClientsSignIt(t *testing.T) {
	seen := make(map[string]int)
	for i, v := range readVectors(t) {
		seen[v.Kind]++
		signed := v.transfer(t)
		if got := signed.Digest(v.token()); got != v.Digest {
			t.Errorf("vector %d, %s: the digest is %s, want %s", i, v.Kind, got, v.Digest)
		}
		if p := signed.Permit; p != nil && signed.PermitDigest(v.token(), p.Nonce, p.Deadline) != v.Permit.Digest {
			t.Errorf("vector %d: the digest of the permit is not %s", i, v.Permit.Digest)
		}
		if account, err := signed.Check(vectorTime, 6*time.Second, v.token()); err != nil || account != transfer.ByKey {
			t.Errorf("vector %d, %s: %s, %v", i, v.Kind, account, err)
		}
	}
	if len(seen) != 4 || seen["exact"] == 0 || seen["sponsored"] == 0 {
		t.Errorf("there are vectors of %v", seen)
	}
}
