package ui

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/chitpay/chit/internal/plain"
)

// CanAsk says whether there is a person at a terminal.
func CanAsk() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// Ask asks a question on the terminal; anything but y and yes is no. It ends with the
// context; one goroutine stays behind then that reads the terminal.
func Ask(ctx context.Context, question string) (bool, error) {
	return AskOf(ctx, os.Stdin, question)
}

// AskOf is [Ask] where the answer is read from in.
func AskOf(ctx context.Context, in io.Reader, question string) (bool, error) {
	fmt.Fprintf(os.Stderr, "%s [y/N] ", plain.Text(question))
	type reply struct {
		line string
		err  error
	}
	came := make(chan reply, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		came <- reply{line, err}
	}()
	select {
	case r := <-came:
		if r.err != nil {
			return false, fmt.Errorf("read the answer: %w", r.err)
		}
		answer := strings.ToLower(strings.TrimSpace(r.line))
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr)
		return false, fmt.Errorf("read the answer: %w", context.Cause(ctx))
	}
}
