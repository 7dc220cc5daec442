package receipts

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// ErrFault is what a statement is refused with that does not add up.
var ErrFault = errors.New("the receipts do not add up")

// Audit is what a statement proves of a channel. Amounts are atomic units.
type Audit struct {
	Account
	// Receipts is how many there are, all good, before the first fault.
	Receipts uint64 `json:"receipts"`
	// Charged is what the channel was charged by the last of them, with Before.
	Charged vouchers.Amount `json:"charged"`
	// Before is what the first receipt says was charged before it, which nothing proves:
	// by a seller that gave no receipts then, that has lost its books since, or that keeps
	// older ones no more, of which the last is signed.
	Before vouchers.Amount `json:"before,omitzero"`
	// Claimed is what was claimed on chain at a block, nil if the statement does not say.
	Claimed *Claimed `json:"claimed,omitempty"`
	// Fault is the first thing that is wrong, nil if nothing is.
	Fault *Fault `json:"fault,omitempty"`

	last      uint64 // the number of the last receipt
	digest    common.Hash
	separator common.Hash
}

// Fault is what is wrong with a channel's receipts.
type Fault struct {
	// Sequence is that of the receipt that does not fit; 0 if it is the channel.
	Sequence uint64 `json:"sequence"`
	Reason   string `json:"reason"`
}

// Error says it for people.
func (f *Fault) Error() string {
	if f.Sequence == 0 {
		return f.Reason
	}
	return fmt.Sprintf("receipt %d: %s", f.Sequence, f.Reason)
}

// Unwrap returns [ErrFault].
func (f *Fault) Unwrap() error { return ErrFault }

// FaultOf returns the first fault of all audits with its channel, nil if all add up. It wraps
// [ErrFault].
func FaultOf(audits []Audit) error {
	for i := range audits {
		if fault := audits[i].Fault; fault != nil {
			return fmt.Errorf("%w: channel %s: %w", ErrFault, audits[i].Channel, fault)
		}
	}
	return nil
}

// Verify reads a statement and audits each of its channels, in the order of their ids.
// The receipts of a channel must be there from the first on and in order. A seller whose books
// were restored from a backup goes on with the first number of a later epoch, from what its
// backup had: a payer may have receipts of before that the seller has forgotten. What is no
// statement is an error that wraps [ErrFormat]; a channel that does not add up is not an
// error, but has a Fault.
//
// signers, if there are any, may sign beside the receiver authorizer: sellers whose
// authorizer's key signs nothing but transactions have such a key.
func Verify(statement io.Reader, signers ...common.Address) ([]Audit, error) {
	audits := map[vouchers.ChannelID]*Audit{}
	err := readStatement(statement, func(l *line) error {
		switch {
		case l.Account != nil:
			if audits[l.Account.Channel] != nil {
				return fmt.Errorf("%w: channel %s begins twice", ErrFormat, l.Account.Channel)
			}
			audits[l.Account.Channel] = newAudit(l.Account)
		case l.Kept != nil:
			a := audits[l.Kept.Channel]
			if a == nil {
				return fmt.Errorf("%w: a kept receipt of channel %s, which no line before has begun", ErrFormat, l.Kept.Channel)
			}
			a.kept(l.Kept, signers)
		case l.Receipt != nil:
			a := audits[l.Receipt.Channel]
			if a == nil {
				return fmt.Errorf("%w: a receipt of channel %s, which no line before has begun", ErrFormat, l.Receipt.Channel)
			}
			a.receipt(l.Receipt, signers)
		case l.Claimed != nil:
			a := audits[l.Claimed.Channel]
			if a == nil {
				return fmt.Errorf("%w: a claim from channel %s, which no line before has begun", ErrFormat, l.Claimed.Channel)
			}
			a.Claimed = l.Claimed
		default:
			return fmt.Errorf("%w: want one of channel, kept, receipt and claimed", ErrFormat)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the statement: %w", err)
	}
	if len(audits) == 0 {
		return nil, fmt.Errorf("read the statement: %w: it is empty", ErrFormat)
	}
	all := make([]Audit, 0, len(audits))
	for _, a := range audits {
		a.finish()
		all = append(all, *a)
	}
	slices.SortFunc(all, func(a, b Audit) int { return cmp.Compare(a.Channel.Hex(), b.Channel.Hex()) })
	return all, nil
}

func newAudit(account *Account) *Audit {
	a := &Audit{Account: *account}
	if err := account.check(); err != nil {
		a.Fault = &Fault{Reason: err.Error()}
		return a
	}
	d, err := (&Receipt{Network: a.Network, Escrow: a.Escrow}).Deployment()
	if err != nil {
		a.Fault = &Fault{Reason: err.Error()}
	}
	a.separator = separator(d)
	return a
}

// kept takes the receipt that those which are not there end with.
func (a *Audit) kept(r *Signed, signers []common.Address) {
	if a.Fault != nil {
		return
	}
	digest := r.digest(a.separator)
	reason := ""
	switch err := r.check(digest, a.ReceiverAuthorizer, signers); {
	case a.last != 0:
		reason = "receipts come before it, which is said to be the last that is not kept"
	case r.Network != a.Network || r.Escrow != a.Escrow:
		reason = fmt.Sprintf("it is of %s/%s, the channel of %s/%s", r.Network, r.Escrow, a.Network, a.Escrow)
	case err != nil:
		reason = err.Error()
	}
	if reason != "" {
		a.Fault = &Fault{Sequence: r.Sequence, Reason: reason}
		return
	}
	a.last, a.Charged, a.Before, a.digest = r.Sequence, r.Cumulative, r.Cumulative, digest
}

// receipt adds the next receipt.
func (a *Audit) receipt(r *Signed, signers []common.Address) {
	if a.Fault != nil {
		return
	}
	digest := r.digest(a.separator)
	if reason := a.judge(r, digest, signers); reason != "" {
		a.Fault = &Fault{Sequence: min(r.Sequence, a.last+1), Reason: reason}
		return
	}
	if a.last == 0 {
		a.Before = r.Cumulative - r.Charged
	}
	a.Receipts++
	a.last, a.Charged, a.digest = r.Sequence, r.Cumulative, digest
}

// judge returns what is wrong with the next receipt, "" if nothing is.
func (a *Audit) judge(r *Signed, digest common.Hash, signers []common.Address) string {
	sum, fits := a.Charged.Add(r.Charged)
	before, rises := r.Cumulative.Sub(r.Charged)
	forgot := vouchers.BeginsEpoch(a.last, r.Sequence) && r.Previous != a.digest && before <= a.Charged
	if rises && (a.last == 0 || forgot) {
		sum = r.Cumulative // what came before is told, and not proven
	}
	switch {
	case r.Network != a.Network || r.Escrow != a.Escrow:
		return fmt.Sprintf("it is of %s/%s, the channel of %s/%s", r.Network, r.Escrow, a.Network, a.Escrow)
	case r.Sequence > a.last+1 && !vouchers.BeginsEpoch(a.last, r.Sequence):
		return fmt.Sprintf("it is missing; the next one that is there is %d", r.Sequence)
	case r.Sequence < a.last+1:
		return "it comes a second time"
	case r.Charged == 0:
		return "it is for nothing"
	case r.Previous != a.digest && !forgot:
		return fmt.Sprintf("it follows a receipt with the digest %s, the one before has %s", r.Previous, a.digest)
	case !fits || sum != r.Cumulative:
		return fmt.Sprintf("%s come to %s that were charged before, and it says %s in all", r.Charged, a.Charged, r.Cumulative)
	}
	if err := r.check(digest, a.ReceiverAuthorizer, signers); err != nil {
		return err.Error()
	}
	return ""
}

// finish holds the receipts against the chain.
func (a *Audit) finish() {
	if a.Fault == nil && a.Claimed != nil && a.Claimed.Claimed > a.Charged {
		a.Fault = &Fault{Sequence: a.last + 1, Reason: fmt.Sprintf("%s were claimed on chain by block %d, the %d receipts prove %s",
			a.Claimed.Claimed, a.Claimed.Block, a.Receipts, a.Charged)}
	}
}

// Unclaimed is what the receipts prove beyond what was claimed, in atomic units.
func (a *Audit) Unclaimed() vouchers.Amount {
	if a.Claimed == nil {
		return a.Charged
	}
	left, _ := a.Charged.Sub(a.Claimed.Claimed)
	return left
}
