// Package boltfile opens bbolt files that hold money.
//
// bbolt trusts its file: a page that is damaged makes it panic, or the process fault, and a
// file that is locked makes it wait. Here damage is an error ([ErrCorrupt]), also where it is
// met in the middle of a transaction ([Guard]), and a file that somebody else has open is
// refused at once ([ErrInUse]).
package boltfile
