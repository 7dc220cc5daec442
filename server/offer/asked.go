package offer

import (
	"context"
	"time"
)

// Asked is what a handler tells the log of the server that it has asked for the answer.
type Asked struct {
	// Name is the operator's name for that server.
	Name string
	// Took is how long it has taken.
	Took time.Duration
	// Err is what went wrong, nil if there was an answer; it is for the log alone.
	Err error
	// Lost says that the server gave no answer, which its operator should know.
	Lost bool
}

// NoteUpstream says from within a handler that is sold which other server it has asked. The
// last word counts.
func NoteUpstream(ctx context.Context, asked Asked) {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.asked.Store(&asked)
	}
}

// Upstream is the server that was asked, nil if none was.
func (m *Meter) Upstream() *Asked { return m.asked.Load() }
