// Package migrate makes a store of version 1, one bbolt file, a folder.
//
// What is alive goes to the checkpoint, receipts and answers are sealed into tables, the receipts by
// the time of their issue, and the journal begins empty after them. The folder is made beside the
// file, which is as it was until the folder is whole and takes its place.
package migrate
