package vouchers

import (
	"fmt"
	"sync"
)

// Freeze stops a channel for a cooperative refund: until unfreeze is called no
// payment of it is accepted. It refuses with [ErrChannelBusy] while calls are in
// flight, with [ErrChannelFrozen] if the channel is frozen already, and with
// [ErrChannelNotFound]. A freeze does not survive a restart.
func (l *Ledger) Freeze(id ChannelID) (unfreeze func(), err error) {
	ch := l.index.find(&id)
	if ch == nil {
		return nil, fmt.Errorf("freeze channel %s: %w", id, ErrChannelNotFound)
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	a := ch.active()
	if a.frozen {
		return nil, fmt.Errorf("freeze channel %s: %w", id, ErrChannelFrozen)
	}
	if a.inFlight > 0 {
		return nil, fmt.Errorf("freeze channel %s: %w: %d; try again when they have ended", id, ErrChannelBusy, a.inFlight)
	}
	a.frozen = true
	return sync.OnceFunc(func() {
		ch.mu.Lock()
		defer ch.mu.Unlock()
		a.frozen = false
	}), nil
}
