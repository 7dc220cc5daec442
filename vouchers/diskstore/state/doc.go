// Package state keeps what is alive of a store in one bbolt file: the channels, the heads of
// their histories, and the buckets of other rooms.
//
// The file is a checkpoint: it lags behind the journal, and says up to where in the journal it
// has come ([Position]). What changes is written in one transaction with that ([File.Write]),
// so that replaying the rest of the journal gives what was durable, whenever the process has
// ended. Its size follows what is alive, not what was sold.
//
// Every value has a checksum over itself and its key; damage is [boltfile.ErrCorrupt], and
// never repaired silently.
package state
