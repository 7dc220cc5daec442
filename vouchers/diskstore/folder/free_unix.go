//go:build linux || darwin

package folder

import (
	"path/filepath"
	"syscall"
)

// Free is what the disk of a file or folder has left for this user, in bytes.
func Free(path string) (free uint64, known bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil && syscall.Statfs(filepath.Dir(path), &s) != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
