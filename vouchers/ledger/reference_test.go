package ledger_test

import (
	"slices"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// reference is what a channel should be, written down as plainly as can be: no
// locks, no limits of memory, a set of everything that was ever used.
type reference struct {
	balance, claimed, charged, aside, ceiling vouchers.Amount
	burnt, offset                             vouchers.Amount
	bought                                    vouchers.Amount // the highest ceiling that has bought something
	withdrawal                                vouchers.Withdrawal
	floor                                     vouchers.Amount // up to here every ceiling counts as used
	used                                      map[vouchers.Amount]bool
	flights                                   []*flight
	frozen                                    bool
}

// flight is a call in flight.
type flight struct {
	r       *ledger.Reservation
	payment ledger.Payment
	price   vouchers.Amount
	paid    vouchers.Amount // in parts
	kept    string          // with the last of them
	drawn   bool
	again   bool // its ceiling had bought a call before
}

// left is what is still reserved.
func (f *flight) left() vouchers.Amount { return f.price - f.paid }

func (m *reference) reserved() (sum vouchers.Amount) {
	for _, f := range m.flights {
		sum += f.left()
	}
	return sum
}

// count is what the payer's next voucher is signed over.
func (m *reference) count() vouchers.Amount {
	sum := m.charged + m.aside + m.offset
	for _, f := range m.flights {
		if f.drawn {
			sum += f.left()
		}
	}
	return sum
}

// burn is what a ceiling in a transaction does, and anything that lowers the count with
// what calls in flight may yet add to it.
func (m *reference) burn(ceiling vouchers.Amount) {
	m.burnt = max(m.burnt, ceiling)
	sum := m.count()
	for _, f := range m.flights {
		if !f.drawn {
			sum += f.left()
		}
	}
	m.offset += m.burnt - min(m.burnt, sum)
}

// accepts is the rule for a voucher, as the documentation has it.
func (m *reference) accepts(ceiling, price vouchers.Amount, now uint64) error {
	need := m.charged + m.reserved() + m.aside + price
	exact := len(m.flights) == 0 && ceiling == need+m.offset
	switch {
	case ceiling <= m.burnt && m.burnt > 0:
		if ceiling <= m.claimed {
			return ledger.ErrCeilingBelowClaimed
		}
		return ledger.ErrCeilingBurnt
	case m.frozen:
		return ledger.ErrChannelFrozen
	case ceiling > m.balance+m.offset:
		return ledger.ErrCeilingAboveBalance
	case need > m.balance:
		return ledger.ErrInsufficientBalance
	case m.tooLate(now), need > m.staying():
		return ledger.ErrWithdrawalPending
	case !exact && (m.used[ceiling] || ceiling <= m.floor || need+m.offset > max(m.ceiling, ceiling)):
		if ceiling == 0 && m.claimed == 0 && price > 0 {
			return ledger.ErrCeilingBelowClaimed
		}
		return ledger.ErrCeilingMismatch
	case len(m.flights) >= modelInFlight:
		return ledger.ErrTooManyInFlight
	}
	return nil
}

// draws is the rule for credit.
func (m *reference) draws(price vouchers.Amount, now uint64) error {
	switch {
	case m.frozen:
		return ledger.ErrChannelFrozen
	case price > m.aside:
		return ledger.ErrInsufficientBalance
	case price > 0 && m.charged+m.reserved()+price > m.balance:
		return ledger.ErrInsufficientBalance
	case m.tooLate(now), price > 0 && m.charged+m.reserved()+price > m.staying():
		return ledger.ErrWithdrawalPending
	case len(m.flights) >= modelInFlight:
		return ledger.ErrTooManyInFlight
	}
	return nil
}

// staying is what a withdrawal leaves of the balance.
func (m *reference) staying() vouchers.Amount {
	return m.balance - min(m.balance, m.withdrawal.Amount)
}

func (m *reference) tooLate(now uint64) bool {
	return m.withdrawal.FinalizeAfter != 0 && m.withdrawal.FinalizeAfter <= now+300
}

// buys notes that a call was charged something, if it was, and paid with a voucher.
func (m *reference) buys(f *flight) {
	if f.paid > 0 && !f.drawn {
		m.bought = max(m.bought, f.payment.Voucher.Ceiling)
	}
}

// end takes a call that was charged, or set aside, out of flight.
func (m *reference) end(f *flight) {
	m.flights = slices.DeleteFunc(m.flights, func(other *flight) bool { return other == f })
}

// free takes a call that is not charged any more out of flight, and frees its voucher unless
// a part was charged.
func (m *reference) free(f *flight) {
	m.end(f)
	if !f.drawn && !f.again && f.paid == 0 {
		delete(m.used, f.payment.Voucher.Ceiling)
	}
}
