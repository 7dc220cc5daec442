package boltfile

import (
	"fmt"
	"runtime/debug"
)

// Guard turns what bbolt does about damaged pages, and what the system does about
// a file that was cut off, into [ErrCorrupt]: both panic.
func Guard(use func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch v := recover().(type) {
		case nil:
		case callersPanic:
			panic(v.value)
		default:
			err = fmt.Errorf("%w: %v: restore it from a backup", ErrCorrupt, v)
		}
	}()
	return use()
}

// Outside calls what a caller of the store has handed in; if that panics, it is
// no matter of the store.
func Outside(call func() error) error {
	ended := false
	defer func() {
		if ended {
			return
		}
		if v := recover(); v != nil { // not where the goroutine is ending
			panic(callersPanic{v})
		}
	}()
	err := call()
	ended = true
	return err
}

type callersPanic struct{ value any }
