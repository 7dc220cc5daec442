//go:build !linux

package journal

import (
	"os"
	"runtime"
)

// syncData makes what was written to a file durable.
func syncData(file *os.File) error { return file.Sync() }

// syncDir makes the names in a folder durable; Windows does so by itself, and cannot be asked to.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
