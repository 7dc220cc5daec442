package pay

import (
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// file holds a seller's receipt against what was charged, who signed it and the receipts
// before it, and keeps it for the book. One that says something else is as good as none:
// the call was paid for, and its answer is the payer's.
func (p *Payer) file(ch *channel, charged vouchers.Amount, r *receipts.Signed) (filed bool) {
	if r == nil || r.Channel != ch.id || r.Charged != charged || r.Network != ch.contract.Deployment().Network() || r.Escrow != ch.contract.Deployment().Escrow {
		return false
	}
	digest, err := p.attested(r, ch.config.ReceiverAuthorizer)
	if err != nil {
		return false
	}
	p.filing.Lock()
	defer p.filing.Unlock()
	fits, err := p.follow(r, digest)
	if err != nil { // what came before it cannot be read
		p.owe(err)
	} else if !fits {
		return false
	}
	if p.book != nil {
		p.unfiled = append(p.unfiled, r)
	}
	return true
}

// fileAll writes the receipts that the book does not have yet.
func (p *Payer) fileAll() error {
	p.filing.Lock()
	defer p.filing.Unlock()
	if len(p.unfiled) == 0 {
		return nil
	}
	if err := p.book.KeepReceipts(p.unfiled); err != nil {
		return err
	}
	p.unfiled = p.unfiled[:0]
	return nil
}
