// Package ui prints what commands answer: tables and progress for people, JSON for
// programs.
package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/chitpay/chit/internal/plain"
)

// JSON prints one JSON value, indented.
func JSON(w io.Writer, v any) error {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(plain.JSON(encoded.Bytes()))
	return err
}

// Table prints rows under a header in aligned columns. A cell cannot reach beyond its
// place: see [plain.Text].
func Table(w io.Writer, header []string, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(header, "\t"))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = plain.Text(cell)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// Progress tells what long work is doing. On a terminal a line is overwritten by
// the next; piped, each is a line of its own.
type Progress struct {
	out      io.Writer
	terminal bool
	open     bool
	last     string // that Percent has printed
}

// NewProgress reports to a file, usually standard error.
func NewProgress(out *os.File) *Progress {
	return &Progress{out: out, terminal: term.IsTerminal(int(out.Fd()))}
}

// Step says what is done now.
func (p *Progress) Step(format string, args ...any) {
	line := plain.Text(fmt.Sprintf(format, args...))
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	p.open = true
}

// barWidth is how wide a bar is, in characters.
const barWidth = 30

// Bar draws how much is done. It is for a terminal alone.
func (p *Progress) Bar(done, all int, of string) {
	if !p.terminal || all == 0 {
		return
	}
	filled := barWidth * min(done, all) / all
	p.Step("[%s%s] %d of %d %s", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), done, all, of)
}

// Percent says how far long work has come, once for each percent.
func (p *Progress) Percent(done, all uint64, of string) {
	percent := 100 * min(done, all) / max(all, 1)
	if line := fmt.Sprintf("%3d %% %s", percent, of); line != p.last {
		p.last = line
		p.Step("%s", line)
	}
}

// Done ends the report, before other output.
func (p *Progress) Done() {
	if p.open {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.open = false
	}
}

// Short shortens a 0x number for a table: its first and last digits.
func Short(hex string) string {
	const head, tail = 10, 6
	if len(hex) <= head+tail {
		return hex
	}
	return hex[:head] + ".." + hex[len(hex)-tail:]
}
