package server

import (
	"context"
	"errors"
	"time"

	"github.com/chitpay/chit/vouchers"
)

const (
	// diskReserve is what a shop keeps of its disk for claims and refunds when all else is
	// full, in bytes: enough to write down some ten thousand of them.
	diskReserve = 8 << 20
	// lowDisk is below how many free bytes a shop warns.
	lowDisk = 256 << 20
	// lookAtDisk is how often it looks.
	lookAtDisk = 30 * time.Second
)

// diskFull tells the operator that the disk is full, and that there is room again.
func (s *Shop) diskFull(err error) {
	if err == nil {
		s.logger.Warn("there is room on the disk again: payments are taken")
		return
	}
	s.logger.Error("the disk is full: no payments are taken until there is room on it, and then by itself; claims and refunds are written down in what was kept for them", "error", err)
}

// watchDisk warns, each time that the disk gets low, before it is full.
func (s *Shop) watchDisk(ctx context.Context) {
	ticker := time.NewTicker(lookAtDisk)
	defer ticker.Stop()
	for low := false; ; {
		space := s.Store.Space()
		now := space.Known && space.Free < lowDisk
		if now && !low {
			s.logger.Warn("the disk of the store gets full: make room on it, since a shop without any takes no payments", "store", s.Store.Path(), "free bytes", space.Free)
		}
		low = now
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// mayWrite refuses what would move money while the shop cannot write.
func (s *Shop) mayWrite() *refusal {
	return asRefusal(s.Store.Err())
}

// payersWords are what a payer is told of what is for the operator to know and mend.
var payersWords = []struct {
	err   error
	words string
}{
	{vouchers.ErrStoreFull, "the seller takes no payments at this moment, because it cannot write them down; nothing was charged: try again in some minutes"},
	{vouchers.ErrStoreFailed, "the seller takes no payments at this moment, because it cannot write them down: try again later; the same payment is charged once at most"},
	{vouchers.ErrStoreClosed, "the seller is just ending: try again in a moment"},
	{vouchers.ErrChannelStopped, "the seller has stopped this channel to look into claims from it that are not its own; nothing was charged: ask the seller, or take back what is left"},
}

// plainly is an error that says to strangers what they can use.
type plainly struct{ error }

func (p plainly) Error() string { return toPayer(p.error) }

func (p plainly) Unwrap() error { return p.error }

// toPayer puts an error in words that a payer can use.
func toPayer(err error) string {
	for _, w := range payersWords {
		if errors.Is(err, w.err) {
			return w.words
		}
	}
	return err.Error()
}
