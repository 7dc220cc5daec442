package receipts

import (
	"context"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
)

// The EIP-712 domain of batches. It names no chain: each receipt in one is bound to its own.
const (
	BatchDomainName    = "chit receipt batch"
	BatchDomainVersion = "1"
)

// BatchType is the EIP-712 type of a batch of receipts.
const BatchType = "ReceiptBatch(bytes32 root)"

var (
	batchTypeHash  = crypto.Keccak256Hash([]byte(BatchType))
	batchSeparator = crypto.Keccak256Hash(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version)")),
		crypto.Keccak256([]byte(BatchDomainName)), crypto.Keccak256([]byte(BatchDomainVersion)))
)

// batchDigest is what is signed for all receipts under a root.
func batchDigest(root common.Hash) common.Hash {
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, batchSeparator[:], crypto.Keccak256(batchTypeHash[:], root[:]))
}

// attestationVersion begins what attests a batch; the signature of its digest follows.
const attestationVersion = 1

// rememberedTrees is how many trees are kept in memory: more than there are batches whose
// receipts are on their way out.
const rememberedTrees = 64

// Proofs attests batches of receipts, and finds the way from each receipt to what attests it. It
// remembers the trees of the latest batches that it was asked about. The zero value is ready;
// it is safe for concurrent use.
type Proofs struct {
	mu     sync.Mutex      // guards what follows
	trees  map[string]tree // by attestation
	oldest []string        // the keys of trees, as they came
}

// Attests returns what attests batches by a signature of this signer over their root.
func (p *Proofs) Attests(by Signer) vouchers.Attest {
	return func(ctx context.Context, leaves []common.Hash) ([]byte, error) {
		t := newTree(leaves)
		signature, err := by.SignHash(ctx, batchDigest(t.root()))
		if err != nil {
			return nil, fmt.Errorf("sign a batch of %d receipts: %w", len(leaves), err)
		}
		attestation := append([]byte{attestationVersion}, signature...)
		p.remember(string(attestation), t)
		return attestation, nil
	}
}

// Prove has a batch, of which a receipt is a leaf, sign it. The error wraps [ErrFormat].
func (p *Proofs) Prove(s *Signed, b *vouchers.Batch, leaf int) error {
	digest, err := s.Digest()
	if err != nil {
		return err
	}
	return p.prove(s, b, leaf, digest)
}

func (p *Proofs) prove(s *Signed, b *vouchers.Batch, leaf int, digest common.Hash) (err error) {
	if s.Signature, s.Batch, err = p.of(b, leaf, digest); err != nil {
		return fmt.Errorf("receipt %d of channel %s: %w", s.Sequence, s.Channel, err)
	}
	return nil
}

// of is the signature of a batch, and the path of one of its leaves.
func (p *Proofs) of(b *vouchers.Batch, leaf int, digest common.Hash) (vouchers.Signature, *Proof, error) {
	switch {
	case b == nil:
		return nil, nil, fmt.Errorf("%w: it is in no batch and has no signature of its own", ErrFormat)
	case leaf < 0 || leaf >= len(b.Leaves) || b.Leaves[leaf] != digest:
		return nil, nil, fmt.Errorf("%w: leaf %d of a batch of %d is not %s", ErrFormat, leaf, len(b.Leaves), digest)
	case len(b.Attestation) < 2 || b.Attestation[0] != attestationVersion:
		return nil, nil, fmt.Errorf("%w: a batch with an attestation of %d bytes, want one of version %d", ErrFormat, len(b.Attestation), attestationVersion)
	}
	path := p.tree(b).path(leaf)
	return append(vouchers.Signature(nil), b.Attestation[1:]...), &Proof{path}, nil
}

func (p *Proofs) tree(b *vouchers.Batch) tree {
	p.mu.Lock()
	t, known := p.trees[string(b.Attestation)]
	p.mu.Unlock()
	if !known || len(t[0]) != len(b.Leaves) {
		t = newTree(b.Leaves)
		p.remember(string(b.Attestation), t)
	}
	return t
}

func (p *Proofs) remember(attestation string, t tree) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trees == nil {
		p.trees = make(map[string]tree, rememberedTrees)
	}
	if _, known := p.trees[attestation]; !known {
		p.oldest = append(p.oldest, attestation)
	}
	p.trees[attestation] = t
	if len(p.oldest) > rememberedTrees {
		delete(p.trees, p.oldest[0])
		p.oldest = p.oldest[1:]
	}
}

// Proof is how a receipt belongs to a batch.
type Proof struct {
	// Path are the siblings from the receipt's leaf to the root, at most [MaxPath].
	Path []common.Hash `json:"path"`
}
