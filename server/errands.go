package server

import "github.com/chitpay/chit/x402"

// errands are deposits and refunds that wait for a chain. Each holds a request, and is
// worth waiting for to whoever asked; those beyond the limit are refused at once.
type errands chan struct{}

func newErrands(l Limits) errands { return make(errands, l.Errands) }

// errand takes one of the places; done gives it back.
func (s *Shop) errand() (done func(), refused *refusal) {
	select {
	case s.errands <- struct{}{}:
		return func() { <-s.errands }, nil
	default:
		s.met.add("errands")
		return nil, refuseWith(x402.ErrVerificationStateUnavailable, "%d deposits and refunds wait for the chain, which is the most: send the same payment again in a few seconds", cap(s.errands))
	}
}
