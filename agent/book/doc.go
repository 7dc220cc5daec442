// Package book is the file in which a payer's channels, spending and receipts stand.
//
// What a payer would forget comes in and is durable when the call returns: entries of channels,
// rows of what was spent, deposits that may yet come in, prices paid, signed receipts, grants. All
// processes of a payer share the file, which is open only while it is read or written; what
// changes with every call stands in a folder beside it ([Book.Folder]), and outlives a process
// that is killed. The money is safe without the book: the chain and the seller's proof bring the
// channels back.
package book
