package account

import "github.com/chitpay/chit/vouchers"

// figures are an account's numbers. All processes that pay from a channel have the same.
type figures struct {
	balance  vouchers.Amount
	most     vouchers.Amount              // the highest balance that the chain's node told of since money was last taken out
	charged  vouchers.Amount              // the server's count: charges of answered calls, and the offset
	offset   vouchers.Amount              // the part of charged that no receipt explains; it was signed before and is not spent
	signed   vouchers.Amount              // the highest ceiling ever signed
	seen     vouchers.Amount              // the highest total that the server reported
	doubt    vouchers.Amount              // prices of calls whose answer never came
	flying   vouchers.Amount              // sum of the prices in inFlight
	inFlight map[vouchers.Amount]flight   // by ceiling
	unsure   bool                         // no answer has confirmed yet what the book or the chain had
	losses   uint64                       // how many answers never came
	heard    bool                         // a call that was signed after the last of them was answered
	spent    map[vouchers.Amount]spending // ceilings above charged that are not free
	draining bool                         // a correction waits for the calls in flight
	signings uint64                       // how many ceilings were reserved
	turns    uint64                       // so many calls yet are made one at a time
	opened   vouchers.Amount              // what was signed when the account became unsure: the server may count from there
	fresh    vouchers.Amount              // charges and losses since
	raised   bool                         // something was conceded: no call is signed before it fits
	waits    int64                        // since when a call waits for those in flight, Unix nanoseconds; 0 is none
	gone     vouchers.Amount              // the highest ceiling that may have left this machine
	block    uint64                       // as of which the balance is; 0 is not known
	vouched  vouchers.Amount              // the highest ceiling of which a voucher is known: this payer sent it, or was shown it
	unproven vouchers.Amount              // what was conceded since the last receipt
	disputed vouchers.Amount              // what was charged and no call explains
	// uncharged are prices of calls whose answer never came, and that the server said were
	// not charged: their payments may yet reach it.
	uncharged vouchers.Amount
}

// spending is why a ceiling that is not in flight is not free.
type spending uint8

const (
	certain  spending = iota + 1 // it has bought a call
	doubtful                     // it may have: the answer never came
)

// flight is a call in flight, with what was signed before the call began, how many
// losses and signings there were when it was signed, which process signed it, and whether
// there were others in flight.
type flight struct {
	price   vouchers.Amount
	before  vouchers.Amount
	losses  uint64
	signing uint64
	owner   uint64
	joined  bool
}

func newFigures(balance, charged, signed vouchers.Amount) figures {
	return figures{
		balance:  balance,
		most:     balance,
		charged:  charged,
		signed:   max(signed, charged),
		opened:   max(signed, charged),
		gone:     max(signed, charged),
		vouched:  max(signed, charged),
		seen:     charged,
		unsure:   true,
		inFlight: make(map[vouchers.Amount]flight),
		spent:    make(map[vouchers.Amount]spending),
	}
}

// unvouched is the part of what is signed of which no voucher is known.
func (f *figures) unvouched() vouchers.Amount {
	most := f.vouched
	for ceiling := range f.inFlight {
		most = max(most, ceiling)
	}
	return f.signed.Minus(most)
}
