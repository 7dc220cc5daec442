package server

import (
	"context"
	"time"
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
