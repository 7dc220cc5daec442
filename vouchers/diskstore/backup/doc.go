// Package backup is the form of a store's backup: a tar file with its [Manifest], the parts of the
// store's folder as they were at one moment, and at the end the checksums of all, without which it
// is cut off.
//
// What is written by a [Writer] is read by [Extract], which takes none that somebody made up: only
// names of a store's parts, only plain files, none twice, each as its checksum says.
package backup
