package account

import "github.com/chitpay/chit/vouchers"

// Proof is what a server's corrective answer proves: charged so much, under a voucher of
// that ceiling, which this payer has signed. Without one (nil) it is what the chain's node
// says is claimed.
type Proof struct {
	Charged vouchers.Amount
	Ceiling *vouchers.Amount
}

// Believe ends a refused reservation, if there is one (0 is none), and takes the proof over.
func (a *Account) Believe(p *Proof, refused vouchers.Amount) error {
	if p.Ceiling == nil {
		return a.retreat(refused, p.Charged)
	}
	return a.correct(refused, p.Charged, *p.Ceiling)
}
