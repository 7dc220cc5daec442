// Package inspect says what a store holds, and whether it is sound.
//
// A store that no process has open is read from its files, which stay as they are ([ReadStats],
// [Check]); so is what a backup holds. A store that is open gives what it has at one moment
// ([Contents]), which is read in the same way while it goes on. [Compact] copies one that is sound
// and closed.
package inspect
