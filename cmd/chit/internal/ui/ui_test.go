package ui

import (
	"bytes"
	"strings"
	"testing"
)

func TestABarIsDrawnOnATerminalAlone(t *testing.T) {
	var out bytes.Buffer
	terminal := &Progress{out: &out, terminal: true}
	terminal.Bar(1, 3, "transactions")
	if got := out.String(); !strings.Contains(got, "[##########....................] 1 of 3 transactions") || strings.Contains(got, "\n") {
		t.Errorf("on a terminal it is %q", got)
	}
	terminal.Done()
	out.Reset()
	piped := &Progress{out: &out}
	piped.Bar(1, 3, "transactions")
	terminal.Bar(0, 0, "transactions")
	if out.Len() > 0 {
		t.Errorf("drawn: %q", out.String())
	}
	piped.Step("claiming")
	if out.String() != "claiming\n" {
		t.Errorf("a step is %q", out.String())
	}
}
