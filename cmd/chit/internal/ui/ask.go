package ui

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/chitpay/chit/internal/plain"
)

// CanAsk says whether there is a person at a terminal.
func CanAsk() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// Ask asks a question on the terminal; anything but y and yes is no.
func Ask(question string) (bool, error) {
	fmt.Fprintf(os.Stderr, "%s [y/N] ", plain.Text(question))
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
