package pay

import (
	"fmt"
	"sync"

	"github.com/chitpay/chit/agent/book"
)

// owed is why the book lacks something.
type owed struct {
	mu  sync.Mutex // guards err
	err error
}

// owe notes why something could not be written; nil is nothing.
func (p *Payer) owe(err error) {
	if err == nil {
		return
	}
	p.owed.mu.Lock()
	defer p.owed.mu.Unlock()
	if p.owed.err == nil {
		p.owed.err = fmt.Errorf("%w: %w", book.ErrUnwritten, err)
	}
}

// owing is why the book lacks something, nil if it does not.
func (p *Payer) owing() error {
	p.owed.mu.Lock()
	defer p.owed.mu.Unlock()
	return p.owed.err
}

// writable comes before anything is signed: what the book lacks is written first.
func (p *Payer) writable() error {
	if p.owing() == nil {
		return nil
	}
	if err := p.save(); err != nil {
		return fmt.Errorf("%w, nothing is signed: %w", book.ErrUnwritten, err)
	}
	p.owed.mu.Lock()
	defer p.owed.mu.Unlock()
	p.owed.err = nil
	return nil
}
