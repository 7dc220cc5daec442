package transfer

import (
	"fmt"
	"math"
	"time"

	"github.com/chitpay/chit/escrow/funding"
)

// Check holds a transfer against what can be known in memory: that it is of this token, that
// its time has come and leaves margin, that its amount is one, that the permit is for the
// method's proxy, and that its payer has signed it. A signature by the payer's key is good
// then; of any other the chain has to tell, which [Account.NeedsChain] says. Refusals wrap
// the sentinels of this package.
//
// Whom it pays and how much is for the caller to compare.
func (t Transfer) Check(now time.Time, margin time.Duration, token funding.Token) (Account, error) {
	switch {
	case !t.Method.known():
		return 0, fmt.Errorf("%w: %s", ErrMethod, t.Method)
	case t.Token != token.Address:
		return 0, fmt.Errorf("%w: it moves %s, not %s", ErrToken, t.Token, token.Address)
	case t.Method == EIP3009 && !token.EIP3009:
		return 0, fmt.Errorf("%w: %s", ErrNoEIP3009, t.Token)
	case t.Spender != t.Method.Proxy() && t.Method != EIP3009:
		return 0, fmt.Errorf("%w: %s, not %s", ErrPermit2Spender, t.Spender, t.Method.Proxy())
	case t.Value == 0:
		return 0, fmt.Errorf("%w: %s", t.either(ErrValue, ErrPermit2Value), t.Value)
	}
	if err := t.checkTime(seconds(now), uint64(margin/time.Second)); err != nil {
		return 0, err
	}
	account, err := t.signer(token)
	if err != nil {
		return 0, err
	}
	if err := t.checkPermit(token, account); err != nil {
		return 0, err
	}
	return account, nil
}

// either is the sentinel of the transfer's method.
func (t Transfer) either(eip3009, permit2 error) error {
	if t.Method == EIP3009 {
		return eip3009
	}
	return permit2
}

// checkTime holds the transfer's window, and its permit's, against a moment, at which margin
// seconds must be left.
func (t Transfer) checkTime(now, margin uint64) error {
	needed := now + min(margin, math.MaxUint64-now)
	if t.ValidAfter > now {
		return fmt.Errorf("%w: from %d on, it is %d", t.either(ErrNotYetValid, ErrPermit2NotYetValid), t.ValidAfter, now)
	}
	if t.Method == EIP3009 && t.ValidBefore <= needed {
		return fmt.Errorf("%w: it is valid before %d, which must be after %d", ErrExpired, t.ValidBefore, needed)
	}
	if t.Method != EIP3009 && t.ValidBefore < needed {
		return fmt.Errorf("%w: its deadline is %d, which must be %d or later", ErrPermit2Expired, t.ValidBefore, needed)
	}
	if t.Permit != nil && t.Permit.Deadline < needed {
		return fmt.Errorf("%w: its deadline is %d, which must be %d or later", ErrPermitExpired, t.Permit.Deadline, needed)
	}
	return nil
}

// checkPermit refuses a permit of the token that is not by the key that signed the transfer.
// A contract's is the chain's to take, in the 65 bytes that the proxies pass on.
func (t Transfer) checkPermit(token funding.Token, account Account) error {
	switch {
	case t.Permit == nil:
		return nil
	case t.Method == EIP3009:
		return fmt.Errorf("%w: a transfer by EIP-3009 needs none", ErrPermit)
	case account == ByKey && !signed(t.PermitDigest(token, t.Permit.Nonce, t.Permit.Deadline), t.Permit.Signature, t.From):
		return fmt.Errorf("%w: it is not signed by %s", ErrPermit, t.From)
	}
	if _, err := t.Permit.Signature.Compact(); err != nil {
		return fmt.Errorf("%w: %w", ErrPermit, err)
	}
	return nil
}

// seconds is a moment in Unix seconds; before 1970 it is 0.
func seconds(moment time.Time) uint64 { return uint64(max(moment.Unix(), 0)) }
