package vouchers

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// verify checks that the channel's voucher signer made sig over v. The first
// voucher of a channel pays for the recovery of the signer's key; the next ones
// are checked against it.
func (l *Ledger) verify(ctx context.Context, ch *channel, v Voucher, sig Signature) error {
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
func (ch *channel) learn(v Voucher, sig Signature) error {
	key, err := RecoverKey(ch.terms.domain.VoucherDigest(v), sig)
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
