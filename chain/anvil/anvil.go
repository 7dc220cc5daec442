// Package anvil runs a chain on this machine, in a process of its own, to try things on.
// Arguments flow in; what flows out is a URL that answers JSON-RPC. The process ends when
// it is stopped, at the latest with this program, and sees none of its secrets.
package anvil

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrStart says that a local chain could not be started.
var ErrStart = errors.New("anvil")

// Variable is the environment variable that names the anvil program.
const Variable = "CHIT_ANVIL"

// Options adjust a local chain.
type Options struct {
	// Port on 127.0.0.1; 0 takes a free one.
	Port int
	// Args are further arguments for anvil.
	Args []string
}

// Chain is a local chain that runs in a process of its own.
type Chain struct {
	url     string
	command *exec.Cmd
	done    chan struct{} // closed once the process has ended
	err     error         // why it ended
	stop    sync.Once
}

const (
	anvilStart = 20 * time.Second
	anvilStop  = 5 * time.Second
)

// withoutSecrets is an environment without this program's own variables: some hold keys,
// passphrases and tokens.
func withoutSecrets(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool { return strings.HasPrefix(variable, "CHIT_") })
}

// Start starts anvil and returns when it answers. It finds the program by
// [Variable], in contracts/node_modules of this folder or one above, or on the
// PATH. Errors wrap [ErrStart].
func Start(ctx context.Context, o Options) (*Chain, error) {
	program, err := findAnvil()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--host", "127.0.0.1", "--port", strconv.Itoa(o.Port)}, o.Args...)
	command := exec.Command(program, args...)
	command.SysProcAttr, command.Env = childAttributes(), withoutSecrets(os.Environ())
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	var complaint strings.Builder
	command.Stderr = &complaint
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	a := &Chain{command: command, done: make(chan struct{})}
	address := make(chan string, 1)
	go func() {
		defer close(a.done)
		readAddress(out, address)
		a.err = command.Wait()
	}()
	ctx, cancel := context.WithTimeout(ctx, anvilStart)
	defer cancel()
	select {
	case at, ok := <-address:
		if ok {
			a.url = "http://" + at
			return a, nil
		}
		<-a.done
		return nil, fmt.Errorf("%w ended at once: %s; is port %d taken?", ErrStart, firstLine(complaint.String()), o.Port)
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("%w does not answer: %w", ErrStart, ctx.Err()), a.Stop())
	}
}

var listening = regexp.MustCompile(`^Listening on (\S+)$`)

// readAddress sends the address that anvil prints, closes the channel if it never
// does, and reads on so that anvil is never blocked.
func readAddress(out io.Reader, address chan<- string) {
	defer close(address)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			address <- m[1]
			break
		}
	}
	_, _ = io.Copy(io.Discard, out) // ends with the process
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

func findAnvil() (string, error) {
	if named := os.Getenv(Variable); named != "" {
		return named, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrStart, err)
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		found, _ := filepath.Glob(filepath.Join(dir, "contracts", "node_modules", "@foundry-rs", "anvil-*", "bin", "anvil"))
		if len(found) > 0 {
			return found[0], nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	program, err := exec.LookPath("anvil")
	if err != nil {
		return "", fmt.Errorf("%w is not installed: run `make toolchain` in chit's source, install Foundry, or set %s", ErrStart, Variable)
	}
	return program, nil
}

// URL is where the chain's JSON-RPC answers.
func (a *Chain) URL() string { return a.url }

// Done is closed once the process has ended, whoever ended it.
func (a *Chain) Done() <-chan struct{} { return a.done }

// Stop ends the chain and waits until it has ended.
func (a *Chain) Stop() error {
	a.stop.Do(func() { _ = a.command.Process.Signal(syscall.SIGTERM) }) // it has ended already, or it ends now
	select {
	case <-a.done:
	case <-time.After(anvilStop):
		_ = a.command.Process.Kill()
		<-a.done
	}
	return nil
}
