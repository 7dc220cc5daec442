package settle

import (
	"context"
	"errors"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
)

// failed looks again at a batch that was good when it was planned, and was refused
// when it was sent or mined. What the escrow refuses now is set aside with its reason,
// or was claimed before; so are the rows that it failed on, where the outcome names
// them. If rows are left that nothing is wrong with, the failure is returned: the next
// settlement claims them.
func (r *settling) failed(ctx context.Context, batch []escrow.Claim, outcome escrow.Outcome, failure error) error {
	if !errors.Is(failure, txmgr.ErrFailed) && !chain.IsRevert(failure) {
		return failure
	}
	bad := outcome.Skipped
	if len(bad) == 0 {
		plan, err := r.Escrow.Plan(ctx, r.Sender.Address(), batch)
		if err != nil {
			return errors.Join(failure, err)
		}
		bad = plan.Rejected
	}
	r.booking.Lock()
	defer r.booking.Unlock()
	if err := r.putAside(ctx, bad); err != nil {
		return errors.Join(failure, err)
	}
	if len(bad) < len(batch) {
		return failure
	}
	r.Logger.Warn("a batch came to nothing", "channels", len(batch), "error", failure)
	return nil
}
