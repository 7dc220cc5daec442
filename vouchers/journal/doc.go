// Package journal is a write-ahead log: a folder of numbered segments, each a file of records of which it knows only that
// they are bytes. What Append has returned is durable, in one write and one sync, and reads as it was written or not at all: each
// record has a checksum of its bytes and of its place, which is looked at wherever it is read.
//
// An append that a crash cut short is the last one, since each is synced before the next; what it left is cut when the
// journal is opened. Anything else that does not read as it was written is a Damage, which names the file and the byte. A
// write that finds no room is taken back wholly, and the journal goes on when there is some. A sync that fails ends it.
//
// The owner rolls the current segment when it likes, reads the sealed ones while it appends, and removes them from the oldest on.
//
// No library at hand does all three. hashicorp/raft-wal reads entries without a look at a checksum, and tidwall/wal has none.
// The wal of etcd, after which this one is made, rosedblabs/wal and Prometheus's wlog leave what was written of a failed write in
// the file (a comment in wlog says that the log is then corrupt), and the writer of Pebble's keeps its first error for good.
package journal
