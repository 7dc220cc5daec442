//go:build unix && !linux

package anvil

import "syscall"

// childAttributes keep a Ctrl-C for chit from ending the chain too early.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
