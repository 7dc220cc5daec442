package exact

import (
	"errors"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// waste bounds the gas of a day of UTC that went into transfers which failed in their blocks: of
// all payers together, and of each.
type waste struct {
	most uint64 // gas units
	now  func() time.Time

	mu   sync.Mutex // guards what follows
	day  int64
	used uint64 // gas units
	of   map[common.Address]uint64
}

// payerShare is into how many parts the gas of a day falls, of which one payer has one.
const payerShare = 20

// maxWasters is how many payers are remembered whose transfers have failed in a day.
const maxWasters = 1 << 16

func newWaste(most uint64, now func() time.Time) *waste {
	return &waste{most: most, now: now, of: make(map[common.Address]uint64)}
}

// today begins a new day where one has. Called with w.mu held.
func (w *waste) today() {
	if day := w.now().Unix() / int64((24 * time.Hour).Seconds()); day > w.day { // a clock that goes back gives nothing
		w.day, w.used = day, 0
		clear(w.of)
	}
}

// allows reports whether gas is risked for a payer, and if not, whether it is for a regular: when that of
// the day is used up it is for those whose own code does not run and of whom nothing has failed.
func (w *waste) allows(payer common.Address) (allowed, ifRegular bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.today()
	failed := w.of[payer]
	if w.used < w.most {
		return failed == 0 || failed < w.most/payerShare, false
	}
	return false, failed == 0 && len(w.of) < maxWasters
}

// add counts the gas of a transfer that came to nothing.
func (w *waste) add(payer common.Address, gas uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.today()
	w.used += gas
	if w.of[payer] > 0 || len(w.of) < maxWasters {
		w.of[payer] += gas
	}
}

// errWaste says that no gas is risked for a transfer.
var errWaste = errors.New("transfers have failed in their blocks for as much gas as this shop pays for in a day: pay by batch-settlement, or tomorrow (UTC)")

// risks says why no gas is spent for a transfer today. It is asked again before each transaction: what
// was answered already is owed, and is sent in any case.
func (s *Seller) risks(p *payment, runsCode bool) error {
	allowed, ifRegular := s.waste.allows(p.transfer.From)
	if allowed || ifRegular && !runsCode && s.isRegular(p) || s.trust.has(p.transfer.Key()) {
		return nil
	}
	s.Met("failedTransferGas")
	return errWaste
}

// isRegular reports whether the payer has paid by a transfer before.
func (s *Seller) isRegular(p *payment) bool {
	head, err := s.Store.History().Head(p.account())
	return err == nil && head.Number > 0
}
