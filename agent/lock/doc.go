// Package lock has the turns that a payer's goroutines and processes take.
//
// Who wants one comes with a context, and waits for it no longer than that: a [Turn] between
// the goroutines of a process, the lock of a file ([File]) between processes, [FileSoon] where
// nobody is waited for longer than [Patience]. A turn is tried for once at least. A process
// that dies gives its files back.
package lock
