package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/lru"

	"github.com/chitpay/chit/vouchers"
)

// verify checks that the channel's voucher signer made sig over v. The first
// voucher of a channel pays for the recovery of the signer's key; the next ones
// are checked against it.
func (l *Ledger) verify(ctx context.Context, ch *channel, v vouchers.Voucher, sig vouchers.Signature) error {
	if ch.authorizer == (common.Address{}) && l.wallets == nil {
		return ch.signatureRefusal(ErrVoucherSignature, errNoAuthorizer)
	}
	var err error
	if key := ch.key.Load(); key != nil {
		if err = ch.terms.domain.Verify(key, v, sig); err == nil {
			return nil
		}
	} else if err = ch.learn(v, sig); err == nil {
		return nil
	}
	if ch.authorizer == (common.Address{}) {
		good, asked := l.wallets.signed(ctx, ch.terms.Deployment, ch.payer, ch.terms.domain.VoucherDigest(v), sig)
		if asked != nil {
			return ch.signatureRefusal(ErrSignatureUnavailable, asked)
		}
		if good {
			return nil
		}
	}
	return ch.signatureRefusal(ErrVoucherSignature, err)
}

func (ch *channel) signatureRefusal(rule, cause error) error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.refuse(rule, cause.Error())
}

// learn recovers the key that made sig, and keeps it if it is the signer's.
func (ch *channel) learn(v vouchers.Voucher, sig vouchers.Signature) error {
	key, err := vouchers.RecoverKey(ch.terms.domain.VoucherDigest(v), sig)
	if err != nil {
		return err
	}
	signer := ch.authorizer
	if signer == (common.Address{}) {
		signer = ch.payer
	}
	if got := key.Address(); got != signer {
		return fmt.Errorf("%w: %s made it, the channel's voucher signer is %s", errWrongSigner, got, signer)
	}
	ch.key.Store(key)
	return nil
}

var (
	errWrongSigner  = errors.New("another key's signature")
	errNoAuthorizer = errors.New("the channel's config has no payerAuthorizer, whose signature would hold whatever becomes of the payer's account: open a channel that names one")
)

// ContractSigner asks contracts whether they signed (ERC-1271).
type ContractSigner interface {
	// IsValidSignature reports whether the contract at signer takes sig for digest
	// on the chain of d. An account without code has signed nothing. An error means
	// that the chain could not be asked.
	IsValidSignature(ctx context.Context, d vouchers.Deployment, signer common.Address, digest common.Hash, sig vouchers.Signature) (bool, error)
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

func (w *wallets) signed(ctx context.Context, d vouchers.Deployment, signer common.Address, digest common.Hash, sig vouchers.Signature) (bool, error) {
	if len(sig) == 0 || len(sig) > vouchers.MaxSignature {
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

func verdictKey(signer common.Address, digest common.Hash, sig vouchers.Signature, d vouchers.Deployment) [32]byte {
	in := make([]byte, 0, 8+common.AddressLength+common.HashLength+len(sig))
	in = binary.BigEndian.AppendUint64(in, d.ChainID)
	in = append(in, signer[:]...)
	in = append(in, digest[:]...)
	return sha256.Sum256(append(in, sig...))
}
