package receipts

import (
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// rememberedBatches is of how many batches a verifier remembers who signed them: more than
// there are whose receipts come in at once.
const rememberedBatches = 64

// Verifier holds receipts against who signed them, and looks into the signature of a batch
// once for all its receipts that come in at about the same time. The zero value is ready; it
// is safe for concurrent use.
type Verifier struct {
	mu      sync.Mutex // guards what follows
	signers map[attested]common.Address
	oldest  []attested // the keys of signers, as they came
}

// attested is the digest of a batch, with its signature.
type attested struct {
	digest    common.Hash
	signature string
}

// Attested is [Signed.Attested].
func (v *Verifier) Attested(s *Signed, signer common.Address, others []common.Address) (common.Hash, error) {
	if s.Batch == nil {
		return s.Attested(signer, others)
	}
	digest, err := s.Digest()
	if err != nil {
		return common.Hash{}, err
	}
	batch, err := s.signed(digest)
	if err != nil {
		return digest, err
	}
	got, err := v.signer(batch, s.Signature)
	if err != nil {
		return digest, err
	}
	return digest, mayBeBy(got, signer, others)
}

func (v *Verifier) signer(batch common.Hash, signature vouchers.Signature) (common.Address, error) {
	key := attested{batch, string(signature)}
	v.mu.Lock()
	by, known := v.signers[key]
	v.mu.Unlock()
	if known {
		return by, nil
	}
	by, err := vouchers.Recover(batch, signature)
	if err == nil {
		v.remember(key, by)
	}
	return by, err
}

func (v *Verifier) remember(key attested, by common.Address) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.signers == nil {
		v.signers = make(map[attested]common.Address, rememberedBatches)
	}
	if _, known := v.signers[key]; known {
		return
	}
	v.signers[key] = by
	if v.oldest = append(v.oldest, key); len(v.oldest) > rememberedBatches {
		delete(v.signers, v.oldest[0])
		v.oldest = v.oldest[1:]
	}
}
