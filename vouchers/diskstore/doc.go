// Package diskstore keeps the ledger, and what was sold, in one folder.
//
// One goroutine writes. It takes everything that was submitted since it last looked, has its
// receipts attested together, appends it to the journal in one frame, syncs once, and wakes
// everybody who waits for that: the more callers, the less each pays for the disk. Of the many
// updates of one channel that come together only the last is written.
//
// Another goroutine follows. It writes what is alive to the checkpoint, a bbolt file, which says
// how far in the journal it has come; it seals the segments of the journal that lie behind that
// into tables, of receipts and of kept answers, compressed and indexed; and it drops the tables of answers
// whose time is over. So the cost of a call does not depend on what was sold before, and the
// checkpoint's size follows what is alive.
//
//	chit.db/state.db   channels, heads of their histories, buckets of other rooms
//	chit.db/journal/   segments: what is not in the tables yet, the newest not in state.db either
//	chit.db/history/   tables of receipts
//	chit.db/answers/   tables of answers that are kept for payments that come twice
//
// The rooms below know parts of it: the checkpoint (state), a record of the journal (frame), the
// folder and how one store takes the place of another (folder), the file that a backup is
// (backup), what a store holds and whether it is sound (inspect), stores of version 1 (migrate);
// and above it, a backup becomes a store again (restore).
//
// What is durable and not in the checkpoint yet is in memory as well, where readers find it. A
// store that is opened replays it from the journal. A process that opens the folder owns it: a
// second one is told so at once.
//
// Nothing that was reported durable is lost by a crash at any instruction, as far as the disk
// keeps what it has synced. The first error of the disk ends the store, but for that of a full
// disk: it writes no more, and says why to everybody who asks. Damage is found by checksums when
// what is damaged is read, opened or checked, and never repaired silently.
package diskstore
