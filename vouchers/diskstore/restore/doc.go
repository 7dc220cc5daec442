// Package restore turns a backup into a store again.
//
// [From] puts what a backup holds in the place of a store, which is kept beside it, and changes
// nothing unless the backup is whole and what it holds is sound. [Verify] finds out whether a
// backup is good for that: it unpacks it, checks it, and opens it.
package restore
