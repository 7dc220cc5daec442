package receipts_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// numbered is a receipt that nobody has signed.
func numbered(n uint64) receipts.Signed {
	return receipts.Signed{Receipt: receipts.Receipt{
		Network: deployment.Network(), Escrow: deployment.Escrow, Channel: channel, Sequence: n, Previous: common.BigToHash(vouchers.Amount(n - 1).Big()),
		Charged: 1, Cumulative: vouchers.Amount(n), Resource: "mcp://tool/search", Request: common.Hash{1}, IssuedAt: 1790000000,
	}}
}

// together are receipts that were signed as one batch.
func together(t testing.TB, proofs *receipts.Proofs, all ...receipts.Signed) ([]receipts.Signed, *vouchers.Batch) {
	t.Helper()
	batch := &vouchers.Batch{Leaves: make([]common.Hash, len(all))}
	var err error
	for i := range all {
		if batch.Leaves[i], err = all[i].Digest(); err != nil {
			t.Fatal(err)
		}
	}
	if batch.Attestation, err = proofs.Attests(authorizer)(t.Context(), batch.Leaves); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := proofs.Prove(&all[i], batch, i); err != nil {
			t.Fatal(err)
		}
	}
	return all, batch
}

// plainRoot is the root over leaves, each of which is hashed twice, worked out level by level.
func plainRoot(leaves []common.Hash) common.Hash {
	var nodes []common.Hash
	for _, leaf := range leaves {
		nodes = append(nodes, crypto.Keccak256Hash(crypto.Keccak256(leaf[:])))
	}
	for len(nodes) > 1 {
		var above []common.Hash
		for pair := range slices.Chunk(nodes, 2) {
			if len(pair) == 2 {
				slices.SortFunc(pair, common.Hash.Cmp)
				pair[0] = crypto.Keccak256Hash(pair[0][:], pair[1][:])
			}
			above = append(above, pair[0])
		}
		nodes = above
	}
	return nodes[0]
}

// rootDigest is what a wallet would sign for a root.
func rootDigest(t testing.TB, root common.Hash) common.Hash {
	t.Helper()
	digest, _, err := apitypes.TypedDataAndHash(apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}},
			"ReceiptBatch": fields(receipts.BatchType),
		},
		PrimaryType: "ReceiptBatch",
		Domain:      apitypes.TypedDataDomain{Name: receipts.BatchDomainName, Version: receipts.BatchDomainVersion},
		Message:     apitypes.TypedDataMessage{"root": root.Hex()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return common.Hash(digest)
}

func TestOneSignatureSignsEachReceiptOfABatch(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := make([]receipts.Signed, rapid.IntRange(1, 70).Draw(r, "receipts"))
		for i := range all {
			all[i] = numbered(uint64(i + 1))
		}
		all, batch := together(t, new(receipts.Proofs), all...)
		want, err := authorizer.SignHash(t.Context(), rootDigest(t, plainRoot(batch.Leaves)))
		if err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, len(all)-1).Draw(r, "which")
		one := all[i]
		if !bytes.Equal(one.Signature, want) || len(one.Batch.Path) > 7 {
			r.Fatalf("receipt %d of %d is signed by %s and %d hashes, want %x", i, len(all), one.Signature, len(one.Batch.Path), want)
		}
		if err := one.Check(authorizer.Address()); err != nil {
			r.Errorf("receipt %d of %d: %v", i, len(all), err)
		}
		if signer, err := one.Signer(); err != nil || signer != authorizer.Address() {
			r.Errorf("receipt %d of %d is signed by %s, %v", i, len(all), signer, err)
		}
		one.Charged++
		if err := one.Check(authorizer.Address()); err == nil {
			r.Errorf("receipt %d of %d was changed, and is good", i, len(all))
		}
	})
}

func TestAReceiptOfABatchNeedsItsOwnPath(t *testing.T) {
	all, _ := together(t, new(receipts.Proofs), numbered(1), numbered(2), numbered(3))
	for name, change := range map[string]func(*receipts.Signed){
		"none":          func(r *receipts.Signed) { r.Batch = nil },
		"an empty one":  func(r *receipts.Signed) { r.Batch = &receipts.Proof{} },
		"another one's": func(r *receipts.Signed) { r.Batch = all[2].Batch },
		"a hash too many": func(r *receipts.Signed) {
			r.Batch = &receipts.Proof{Path: append(slices.Clone(r.Batch.Path), common.Hash{})}
		},
		"an endless one": func(r *receipts.Signed) { r.Batch = &receipts.Proof{Path: make([]common.Hash, receipts.MaxPath+1)} },
	} {
		t.Run(name, func(t *testing.T) {
			one := all[0]
			change(&one)
			if err := one.Check(authorizer.Address()); !errors.Is(err, receipts.ErrSigner) && !errors.Is(err, receipts.ErrFormat) && !errors.Is(err, vouchers.ErrSignature) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A node of the tree is no receipt: what a leaf is made of is hashed twice.
func TestAnInnerNodeIsNoLeaf(t *testing.T) {
	_, batch := together(t, new(receipts.Proofs), numbered(1), numbered(2), numbered(3), numbered(4))
	inner := plainRoot(batch.Leaves[:2])
	if plainRoot([]common.Hash{inner, plainRoot(batch.Leaves[2:])}) == plainRoot(batch.Leaves) {
		t.Error("two inner nodes make the same root as the leaves below them")
	}
}

func TestProofsFindAReceiptThatTheyHaveForgotten(t *testing.T) {
	proofs := new(receipts.Proofs)
	all, batch := together(t, proofs, numbered(1), numbered(2), numbered(3))
	for n := range uint64(100) {
		together(t, proofs, numbered(100+n))
	}
	again := numbered(2)
	if err := proofs.Prove(&again, batch, 1); err != nil || !slices.Equal(again.Batch.Path, all[1].Batch.Path) || !bytes.Equal(again.Signature, all[1].Signature) {
		t.Errorf("%+v, %v", again, err)
	}
	for name, test := range map[string]struct {
		batch *vouchers.Batch
		leaf  int
	}{
		"no batch":         {nil, 0},
		"another leaf":     {batch, 0},
		"no leaf":          {batch, 3},
		"below the first":  {batch, -1},
		"not attested":     {&vouchers.Batch{Leaves: batch.Leaves}, 1},
		"by another form ": {&vouchers.Batch{Leaves: batch.Leaves, Attestation: append([]byte{9}, batch.Attestation[1:]...)}, 1},
	} {
		if err := proofs.Prove(&again, test.batch, test.leaf); !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// silent is a signer that does not sign.
type silent struct{ receipts.Signer }

var errSilent = errors.New("the signer does not answer")

func (silent) SignHash(context.Context, common.Hash) ([]byte, error) { return nil, errSilent }

func TestABatchThatNobodySignsIsNotAttested(t *testing.T) {
	_, err := new(receipts.Proofs).Attests(silent{})(t.Context(), []common.Hash{{1}})
	if !errors.Is(err, errSilent) || !strings.Contains(err.Error(), "sign a batch of 1 receipts") {
		t.Error(err)
	}
}

// The same batch stands in contracts/test/unit/ReceiptBatch.t.sol, where OpenZeppelin's MerkleProof
// checks it.
func TestABatchIsWhatAContractChecks(t *testing.T) {
	all, batch := together(t, new(receipts.Proofs), numbered(1), numbered(2), numbered(3), numbered(4), numbered(5))
	text, err := os.ReadFile("../../contracts/test/unit/ReceiptBatch.t.sol")
	if err != nil {
		t.Fatal(err)
	}
	has := func(hex string) {
		t.Helper()
		if !strings.Contains(string(text), strings.TrimPrefix(hex, "0x")) {
			t.Errorf("the contract's test does not have %s", hex)
		}
	}
	has(rootDigest(t, plainRoot(batch.Leaves)).Hex())
	has(all[0].Signature.Hex())
	for i := range all {
		has(batch.Leaves[i].Hex())
		for _, sibling := range all[i].Batch.Path {
			has(sibling.Hex())
		}
	}
}
