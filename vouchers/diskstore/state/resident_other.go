//go:build !linux

package state

import "go.etcd.io/bbolt"

// release does nothing: the system takes memory back when it needs it.
func release(*bbolt.Tx) {}
