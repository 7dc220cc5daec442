// Package history keeps what was sold, for as long as its operator wants, in files that are
// written once. What a segment of a store's journal held flows in; its receipts flow out
// again, by channel or by time, each with what attests it, and so do the answers that are
// kept for payments that come twice.
//
// A [Builder] takes the entries of a segment and seals them as a table: sorted by channel and
// number, compressed, indexed, with a checksum over each block. [Tables] is a directory of
// them, which readers walk while tables are added and dropped. [AnswerBuilder] and [Answers]
// are the same for answers. [Tables.Prune] lets go of what is old and claimed, and hands out
// the end of each channel before, so that the chain of its receipts stays provable.
//
// A table is a table of LevelDB (its format, and goleveldb's reader and writer) and 32 bytes
// after it, which hold its length and checksums over its footer and over all of it. Its rows:
//
//	'a' key of an answer (32)          the answer
//	'b' number of a batch (4)          its leaves and its attestation
//	'f'                                facts about the table: times, counts
//	'r' channel (32), number (1 to 9)  the entry; its digest unless it is a leaf, and the one
//	                                   before it unless that is the row before
//
// Keys sort as their numbers do. An index entry is the
// last key of its block, not a shorter separator: the block that a search ends in is then the
// one with the first key from there on, and its bloom filter of channels says whether the
// channel has any entry there.
package history
