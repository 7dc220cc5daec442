// Package frame is a group commit as the journal of a store has it: everything that was
// submitted together, in one record.
//
// A channel's record says whole what it is only the first time that it is submitted by a
// process; after that it has what changes ([Record.Whole]), since the checkpoint or an earlier
// frame knows the rest. An entry of history names its channel by the record that came with
// it. Frames of more than a few updates are compressed (S2), which takes out what the updates
// of one shop have in common.
//
// A frame is a byte for its version, one for how it is packed, and the body: counts, lengths,
// amounts and times are varints, digests, ids, keys and addresses as they are.
package frame
