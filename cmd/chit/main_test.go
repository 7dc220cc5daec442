package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// chit is the program under test.
var chit string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chit-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	chit = filepath.Join(dir, "chit")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3-test", "-o", chit, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// home is a folder of chit's with an environment of its own.
type home struct{ dir string }

func newHome(t testing.TB) home { return home{t.TempDir()} }

func (h home) command(args ...string) *exec.Cmd {
	c := exec.Command(chit, args...)
	c.Env = append(os.Environ(), "CHIT_HOME="+h.dir, "CHIT_PROFILE=", "CHIT_KEY=")
	c.Stdin = nil
	return c
}

// outcome is what a command came to.
type outcome struct {
	stdout, stderr string
	code           int
}

func (h home) run(t testing.TB, args ...string) outcome {
	t.Helper()
	return finish(t, h.command(args...))
}

func finish(t testing.TB, c *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// ok runs a command that must succeed and returns what it printed.
func (h home) ok(t testing.TB, args ...string) string {
	t.Helper()
	o := h.run(t, args...)
	if o.code != 0 {
		t.Fatalf("chit %s: exit code %d\n%s%s", strings.Join(args, " "), o.code, o.stdout, o.stderr)
	}
	return o.stdout
}

// daemon is a command that runs until it is stopped.
type daemon struct {
	command *exec.Cmd
	out     *lines
}

// lines collects output and tells when a text has come.
type lines struct {
	mu   sync.Mutex // guards what follows
	text bytes.Buffer
	news chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	close(l.news)
	l.news = make(chan struct{})
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) wait(ctx context.Context, text string) error {
	for {
		l.mu.Lock()
		found, news := strings.Contains(l.text.String(), text), l.news
		l.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("%q was not printed: %w", text, ctx.Err())
		}
	}
}

// start runs a command and waits until it prints text. It is stopped with the test.
func (h home) start(t testing.TB, text string, args ...string) *daemon {
	t.Helper()
	d := &daemon{command: h.command(args...), out: &lines{news: make(chan struct{})}}
	d.command.Stdout, d.command.Stderr = d.out, d.out
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.command.Process.Kill() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := d.out.wait(ctx, text); err != nil {
		t.Fatalf("chit %s: %v\n%s", strings.Join(args, " "), err, d.out)
	}
	return d
}

// interrupt is Ctrl-C; it returns the exit code.
func (d *daemon) interrupt(t testing.TB) int {
	t.Helper()
	if err := d.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = d.command.Wait()
	return d.command.ProcessState.ExitCode()
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
