// Package folder knows where a store is: what its parts are called, whether they are all there
// and of one moment, who may open it, and how another store takes its place.
//
// A store takes the place of another one in steps, each of which a crash may follow ([Replace]): it
// is made beside the old one, and renamed when it is whole; then the old one is moved away, and the
// new one takes its name. What was begun and is not whole is deleted; what is whole is finished by
// whoever opens the place next ([Finish]). Meanwhile a lock beside the folder keeps others out
// ([Lock]).
package folder
