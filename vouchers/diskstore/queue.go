package diskstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
)

// batch is what becomes durable in one transaction. It is the ticket of
// everything in it.
type batch struct {
	frame   frame.Frame
	updates int           // how many were submitted
	bytes   int           // about how long the frame is
	done    chan struct{} // closed once err is final
	err     error
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

// Wait implements vouchers.Ticket.
func (b *batch) Wait(ctx context.Context) error {
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		select {
		case <-b.done:
			return b.err
		default:
			return fmt.Errorf("waiting for the store: %w", context.Cause(ctx))
		}
	}
}

func (b *batch) finish(err error) {
	b.err = err
	close(b.done)
}

// maxBatch is from how many bytes on a batch takes no more, so that a frame stays far below what
// the journal takes, however long the disk was full.
const maxBatch = 64 << 20

// queue collects updates for the writer.
type queue struct {
	wake     chan struct{} // holds one token while there is something to write or to end
	shutting chan struct{} // closed when the store is being closed, or has failed

	mu      sync.Mutex // guards what follows; held for the copy of one update
	ready   []*batch   // that take no more, before current
	number  uint64     // of current; slots refer to it
	current *batch
	spare   []frame.Record // for the next batch
	failed  *batch         // what everything submitted later gets, once the store has ended
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), shutting: make(chan struct{}), number: 1, current: newBatch()}
}

func (q *queue) add(u *vouchers.Update) *batch {
	q.mu.Lock()
	if q.failed != nil {
		defer q.mu.Unlock()
		return q.failed
	}
	size := sizeOf(u)
	if q.current.updates > 0 && q.current.bytes+size > maxBatch {
		q.ready = append(q.ready, q.current)
		q.begin()
	}
	b := q.current
	b.updates++
	b.bytes += size
	if s := u.Slot; s != nil {
		if s.Batch == q.number {
			b.frame.Records[s.Index].Record = u.Record
		} else {
			s.Batch, s.Index = q.number, len(b.frame.Records)
			b.frame.Records = append(b.frame.Records, frame.Record{Record: u.Record, Whole: !s.Known})
			s.Known = true
		}
	}
	if u.Entry != nil {
		of := -1
		if u.Slot != nil && u.Record.ID == u.Entry.Channel {
			of = u.Slot.Index
		}
		b.frame.Entries = append(b.frame.Entries, frame.Entry{Entry: u.Entry, Of: of})
	}
	if u.Answer != nil {
		b.frame.Answers = append(b.frame.Answers, u.Answer)
	}
	b.frame.Puts = append(b.frame.Puts, u.Puts...)
	first := b.updates == 1
	q.mu.Unlock()
	if first {
		q.signal()
	}
	return b
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns what is queued, nil if that is nothing, and starts a new batch.
func (q *queue) take() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready) > 0 {
		b := q.ready[0]
		q.ready = q.ready[1:]
		return b
	}
	b := q.current
	if b.updates == 0 {
		return nil
	}
	q.begin()
	return b
}

// begin makes a new batch the current one.
func (q *queue) begin() {
	q.current = newBatch()
	q.current.frame.Records, q.spare = q.spare, nil
	q.number++
}

// maxSpare is the longest memory for records that is kept for the next batch.
const maxSpare = 1 << 14

// recycle takes the memory of a batch back.
func (q *queue) recycle(b *batch) {
	records := b.frame.Records
	b.frame = frame.Frame{}
	if cap(records) > maxSpare {
		return
	}
	clear(records)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = records[:0]
}

// end makes everything queued, and everything submitted from now on, fail with
// err, and tells the writer to end.
func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse(err)
	for _, b := range append(q.ready, q.current) {
		b.finish(err)
	}
	q.ready, q.current = nil, newBatch()
}

// shut makes everything submitted from now on fail with err, and leaves what is
// queued to the writer, which it tells to end after that.
func (q *queue) shut(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse(err)
}

// refuse makes everything submitted from now on fail with err, unless it does already.
func (q *queue) refuse(err error) {
	if q.failed != nil {
		return
	}
	q.failed = newBatch()
	q.failed.finish(err)
	close(q.shutting)
	q.signal()
}

// sizeOf is about how many bytes of a frame an update takes.
func sizeOf(u *vouchers.Update) int {
	const record, fixed = 256, 128
	size := 0
	if u.Slot != nil {
		size += record + u.Record.Proof.Len()
	}
	if u.Entry != nil {
		size += fixed + len(u.Entry.Value)
	}
	if u.Answer != nil {
		size += fixed + len(u.Answer.Body)
	}
	for _, p := range u.Puts {
		size += len(p.Bucket) + len(p.Key) + len(p.Value)
	}
	return size
}

func (q *queue) err() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed != nil {
		return q.failed.err
	}
	return nil
}
