package clearing

import (
	"context"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Run sends what waits and follows it, until ctx ends. It is to be called once. What is on its
// way then is taken up by the next [Open].
func (h *House) Run(ctx context.Context) {
	var crew sync.WaitGroup
	defer crew.Wait()
	crew.Go(func() { h.watchGas(ctx) })
	crew.Go(func() { h.watchTrail(ctx) })
	crew.Go(func() { h.prune(ctx) })
	h.resume(ctx, &crew)
	for ctx.Err() == nil {
		h.mu.Lock()
		l, pause := h.take()
		h.mu.Unlock()
		if l != nil {
			crew.Go(func() { h.carry(ctx, l) })
			continue
		}
		sleep(ctx, h.wake, pause)
	}
}

// sleep waits for a signal, a while at most.
func sleep(ctx context.Context, wake <-chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// resume takes up the shipments of an earlier process. One that its sender does not know was
// not sent, or is over: its rows are simulated again, and found on the chain where they are there.
func (h *House) resume(ctx context.Context, crew *sync.WaitGroup) {
	h.mu.Lock()
	shipments := h.resumed
	h.resumed = nil
	h.mu.Unlock()
	for _, s := range shipments {
		ship := h.shipOf(s.Sender)
		if ship == nil || !ship.Knows(s.name()) {
			h.bucket.Submit(entryKey(shipmentEntry, []byte(s.id)), nil)
			continue
		}
		l := h.reload(ship, s)
		if len(s.rows) == 0 { // all of it was booked
			h.unload(l)
			h.strikeShipment(ship, s)
			continue
		}
		crew.Go(func() {
			defer h.unload(l)
			h.sail(ctx, ship, s)
		})
	}
}

// reload gives a shipment of an earlier process its rows that are still open.
func (h *House) reload(ship *ship, s *shipment) *load {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range s.Keys {
		if r := h.rows[key]; r != nil && r.phase == waiting && r.index < 0 {
			s.rows = append(s.rows, r)
		}
	}
	l := &load{ship: ship, rows: s.rows, lone: len(s.Keys) == 1, sent: s}
	h.begin(l)
	return l
}

// pruneEvery is how often records are struck that are kept no more, and pruneMost how many at once.
const (
	pruneEvery = time.Minute
	pruneMost  = 1024
)

// prune strikes records some time after their transfers cannot be used any more, until ctx ends.
func (h *House) prune(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := h.pruneSome(ctx)
		if err != nil && ctx.Err() == nil {
			h.options.Logger.Error("strike old records of payments", "error", err)
		}
		if n < pruneMost {
			sleep(ctx, nil, pruneEvery)
		}
	}
}

// pruneSome strikes some records, and returns how many it has looked at.
func (h *House) pruneSome(ctx context.Context) (int, error) {
	old, err := h.oldest()
	if err != nil || len(old) == 0 {
		return 0, err
	}
	var puts []vouchers.Put
	for _, key := range old {
		payment := key[len(key)-32:]
		if h.isOpen([32]byte(payment)) {
			continue
		}
		record, err := h.remembered([32]byte(payment))
		if err != nil {
			return 0, err
		}
		if record != nil {
			puts = append(puts, h.fall(record)...)
		}
		puts = append(puts, h.strike(key), h.strike(entryKey(closedEntry, payment)), h.strike(entryKey(noteEntry, payment)))
	}
	if len(puts) == 0 {
		return 0, nil
	}
	return len(old), h.write(ctx, puts...)
}

func (h *House) isOpen(key [32]byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rows[key] != nil
}

// oldest are keys of entries whose time has come.
func (h *House) oldest() (keys [][]byte, err error) {
	now := pruneKey(uint64(max(h.options.Now().Unix(), 0)), [32]byte{})
	err = h.bucket.ForEach([]byte{pruneEntry}, func(key, _ []byte) error {
		if len(keys) == pruneMost || string(key) >= string(now) {
			return errEnough
		}
		keys = append(keys, append([]byte(nil), key...))
		return nil
	})
	if err == errEnough {
		err = nil
	}
	return keys, err
}
