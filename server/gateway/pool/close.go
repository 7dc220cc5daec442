package pool

import (
	"github.com/chitpay/chit/server/gateway/link"
)

// Drop closes the link of a session after its last call.
func (p *Pool) Drop(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.all[session]; s != nil {
		p.remove(s)
	}
}

// Lost closes a link that does not answer.
func (p *Pool) Lost(l *link.Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.all {
		if s.isOpen() && s.link == l {
			p.remove(s)
		}
	}
}

// Suspect looks whether a link of a client's own still lives on which a call took too long.
func (p *Pool) Suspect(l *link.Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.Owner.Session == "" || p.closed {
		return
	}
	p.closing.Go(func() {
		if l.Alive(l.Context(), p.alive) != nil {
			p.Lost(l)
		}
	})
}

// CloseLater closes a link that is not the pool's, in its own time: programs take theirs to end. The
// pool's stop waits for it.
func (p *Pool) CloseLater(l *link.Link) { p.closing.Go(l.Close) }

// makeRoom closes the link that was idle for longest, if one is idle. It is called with
// p.mu held.
func (p *Pool) makeRoom() bool {
	var oldest *slot
	for _, s := range p.all {
		if s.busy == 0 && (oldest == nil || s.used.Before(oldest.used)) {
			oldest = s
		}
	}
	if oldest == nil {
		return false
	}
	p.remove(oldest)
	return true
}

// remove lets no further call take a link, and closes it after the last one. It is
// called with p.mu held.
func (p *Pool) remove(s *slot) {
	if s.gone {
		return
	}
	s.gone = true
	delete(p.all, s.session)
	if s.idle != nil {
		s.idle.Stop()
	}
	if s.busy == 0 {
		p.close(s)
	}
}

// close is called with p.mu held, once a slot.
func (p *Pool) close(s *slot) {
	p.closing.Go(func() {
		<-s.opened
		if s.link != nil {
			s.link.Close()
		}
	})
}
