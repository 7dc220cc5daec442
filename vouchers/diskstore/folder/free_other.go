//go:build !linux && !darwin

package folder

// Free is what the disk of a file or folder has left for this user, in bytes: it is not known on
// this system.
func Free(string) (free uint64, known bool) { return 0, false }
