package anvil

import "syscall"

// childAttributes keep a Ctrl-C for chit from ending the chain too early, and end
// the chain if chit is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
