package link

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"

	"github.com/chitpay/chit/server/gateway/framing"
)

// How long a program may take to end after its input has, and after it was asked to.
const (
	endPatience  = 2 * time.Second
	termPatience = 3 * time.Second
)

// program is an upstream on standard input and output.
type program struct {
	*transport.Stdio

	cmd *exec.Cmd
}

// startProgram starts the program of an upstream in a process group of its own, so that
// a Ctrl-C for the gateway leaves it running until the calls in flight are done.
func startProgram(ctx context.Context, d *Dialer, said *tail) (*program, error) {
	cmd := exec.CommandContext(ctx, d.Command, d.Args...)
	cmd.Env, cmd.Stderr, cmd.WaitDelay = environment(d.Env), said, endPatience
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &program{transport.NewIO(d.messages(out, framing.ByLine), in, nil), cmd}, nil
}

// Close ends the program: its input ends, then it is asked to, then it is killed.
func (p *program) Close() error {
	err := p.Stdio.Close()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	for _, step := range []struct {
		patience time.Duration
		next     os.Signal
	}{{endPatience, syscall.SIGTERM}, {termPatience, os.Kill}} {
		late := time.NewTimer(step.patience)
		select {
		case failed := <-ended:
			late.Stop()
			return errors.Join(err, failed)
		case <-late.C:
			_ = p.cmd.Process.Signal(step.next) // it may have ended at this moment
		}
	}
	return errors.Join(err, <-ended)
}
