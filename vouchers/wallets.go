package vouchers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/lru"
)

// ContractSigner asks contracts whether they signed (ERC-1271).
type ContractSigner interface {
	// IsValidSignature reports whether the contract at signer takes sig for digest
	// on the chain of d. An account without code has signed nothing. An error means
	// that the chain could not be asked.
	IsValidSignature(ctx context.Context, d Deployment, signer common.Address, digest common.Hash, sig Signature) (bool, error)
}

const (
	walletVerdicts   = 8192             // how many verdicts are remembered
	walletVerdictTTL = 30 * time.Second // a contract may change its mind
)

// wallets asks contracts about signatures, and remembers the latest verdicts.
type wallets struct {
	ask ContractSigner
	now func() time.Time

	memory   sync.Mutex // guards verdicts
	verdicts lru.BasicLRU[[32]byte, verdict]
}

type verdict struct {
	good  bool
	until time.Time
}

func newWallets(ask ContractSigner, now func() time.Time) *wallets {
	return &wallets{ask: ask, now: now, verdicts: lru.NewBasicLRU[[32]byte, verdict](walletVerdicts)}
}

func (w *wallets) signed(ctx context.Context, d Deployment, signer common.Address, digest common.Hash, sig Signature) (bool, error) {
	if len(sig) == 0 || len(sig) > MaxSignature {
		return false, nil
	}
	key := verdictKey(signer, digest, sig, d)
	if v, known := w.remembered(key); known {
		return v, nil
	}
	good, err := w.ask.IsValidSignature(ctx, d, signer, digest, sig)
	if err != nil {
		return false, err
	}
	w.memory.Lock()
	defer w.memory.Unlock()
	w.verdicts.Add(key, verdict{good, w.now().Add(walletVerdictTTL)})
	return good, nil
}

func (w *wallets) remembered(key [32]byte) (good, known bool) {
	w.memory.Lock()
	defer w.memory.Unlock()
	v, known := w.verdicts.Get(key)
	return v.good, known && w.now().Before(v.until)
}

func verdictKey(signer common.Address, digest common.Hash, sig Signature, d Deployment) [32]byte {
	in := make([]byte, 0, 8+common.AddressLength+common.HashLength+len(sig))
	in = binary.BigEndian.AppendUint64(in, d.ChainID)
	in = append(in, signer[:]...)
	in = append(in, digest[:]...)
	return sha256.Sum256(append(in, sig...))
}
