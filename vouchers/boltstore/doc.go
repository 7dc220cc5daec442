// Package boltstore keeps the ledger in one bbolt file.
//
// One goroutine writes. It takes everything that was submitted since it last
// looked, writes it in one transaction and one fsync, and wakes everybody who
// waits for that: the more callers, the less each pays for the disk. Of the many
// updates of one channel that come together only the last is written.
//
// The file holds, in buckets of its own, the format's version, the terms that
// channels share, a fixed record with a checksum for each channel, the kept
// answers with an index by time, and one bucket for every other room. A process
// that opens the file owns it: a second one is told so at once.
//
// Nothing that was reported durable is lost by a crash at any instruction, as far
// as the disk keeps what it has synced. The first error of the disk ends the
// store: it writes no more, and says why to everybody who asks. Damage is found
// by checksums when the file is opened or checked, and never repaired silently.
package boltstore
