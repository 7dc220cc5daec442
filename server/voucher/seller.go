package voucher

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Seller takes vouchers, deposits and orders of refunds at the tills of a shop. It is safe for
// concurrent use.
type Seller struct {
	tills         *till.Tills
	ledger        *ledger.Ledger
	store         *diskstore.Store
	receipts      *receipts.Book
	notary        receipts.Signer // of receipts
	key           keys.Signer
	payTo         common.Address
	withdrawDelay uint64
	movedFrom     []Move
	limits        limits.Limits
	met           func(limit string)
	now           func() time.Time
	logger        *slog.Logger

	asking        *asking // of those that a payment asks for
	errands       *errands
	spending      *spending // of gas, on what payers ask for
	largeDeposits *rate.Limiter
	lookups       singleflight.Group // chain reads of channels, by id
	deposits      singleflight.Group // deposits, by authorization
	frozen        sync.Map           // vouchers.ChannelID to thaw: refunded channels that the ledger has not caught up with
	moves         *moves
}

// Options say what a seller works with.
type Options struct {
	// Tills are where payments are taken, Ledger and Store what remembers them.
	Tills  *till.Tills
	Ledger *ledger.Ledger
	Store  *diskstore.Store
	// Receipts are those of all charges. Notary signs receipts, and Key that the shop has moved from MovedFrom.
	Receipts  *receipts.Book
	Notary    receipts.Signer
	Key       keys.Signer
	MovedFrom []Move
	// PayTo receives what is settled; WithdrawDelay is that of the channels, in seconds.
	PayTo         common.Address
	WithdrawDelay uint64
	Limits        limits.Limits
	// Met is told of each limit that is met.
	Met func(limit string)
	// Now tells the time by which limits count.
	Now    func() time.Time
	Logger *slog.Logger
}

// New returns a seller. It freezes the channels whose refund was on its way when the store
// was closed, and signs that the shop has moved.
func New(ctx context.Context, o Options) (*Seller, error) {
	s := &Seller{
		tills: o.Tills, ledger: o.Ledger, store: o.Store, receipts: o.Receipts, notary: o.Notary, key: o.Key, payTo: o.PayTo, withdrawDelay: o.WithdrawDelay,
		movedFrom: o.MovedFrom, limits: o.Limits, met: o.Met, now: o.Now, logger: o.Logger,
		asking: newAsking(o.Limits, o.Now), errands: newErrands(o.Limits), largeDeposits: limits.PerSecond(o.Limits.LargeDeposits),
	}
	var err error
	if s.spending, err = newSpending(o.Limits, o.Now, o.Store.Bucket(spendingBucket)); err != nil {
		return nil, err
	}
	if err := s.openMoves(ctx); err != nil {
		return nil, err
	}
	return s, s.freezeAgain()
}
