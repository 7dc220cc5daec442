// Package store holds `chit store` and its subcommands, by which an operator looks after the folder
// of a shop's books: what is in it, whether it is whole, backups and what comes after them, and its
// history. Each calls one function of package operate, or of the store's own, and prints what that
// returns.
package store
