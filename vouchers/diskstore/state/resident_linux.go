package state

import (
	"syscall"

	"go.etcd.io/bbolt"
)

// release takes the pages that a walk over the whole file has brought in out of
// the process's resident memory: the ledger holds what they say, and the system
// brings back what is read again. It must be called within the transaction, which
// keeps the mapping where it is. If the system does not take the advice, nothing
// is lost.
func release(tx *bbolt.Tx) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
}
