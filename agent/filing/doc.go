// Package filing keeps the receipts that sellers give.
//
// A receipt comes in; it is held against who signed it and against those before and after it,
// as far as they are known, and the book has it soon ([Cabinet.File]). What does not fit is as
// good as no receipt. Receipts that a server is asked for later have to follow one another, and
// come to no more than was signed ([Trail.Continues]).
package filing
