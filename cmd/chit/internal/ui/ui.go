// Package ui prints what commands answer: tables and progress for people, JSON for
// programs.
package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/term"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
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
	last     string    // that Percent has printed
	told     time.Time // when Bytes has printed, or when the work began
}

// NewProgress reports to a file, usually standard error.
func NewProgress(out *os.File) *Progress {
	return &Progress{out: out, terminal: term.IsTerminal(int(out.Fd())), told: time.Now()}
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

// How often Bytes says something: on a terminal, and where every line stays.
const (
	bytesEvery      = 100 * time.Millisecond
	bytesEveryPiped = 5 * time.Second
)

// Bytes says now and then how many bytes of all are done, and which part of them comes next.
// Of work that is done at once it says nothing.
func (p *Progress) Bytes(done, all int64, part string) {
	every := bytesEveryPiped
	if p.terminal {
		every = bytesEvery
	}
	if time.Since(p.told) < every {
		return
	}
	p.told = time.Now()
	p.Step("%3d %% of %s, %s", 100*min(done, all)/max(all, 1), Bytes(all), part)
}

// Bytes is a size for people.
func Bytes(n int64) string {
	const step = 1000
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n), 0
	for size >= step && unit < len(byteUnits)-1 {
		size, unit = size/step, unit+1
	}
	return fmt.Sprintf("%.1f %s", size, byteUnits[unit])
}

var byteUnits = []string{"B", "kB", "MB", "GB", "TB"}

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

// ShortAddress is an address for a table.
func ShortAddress(a common.Address) string { return Short(a.Hex()) }

// UTC is a time in a table.
func UTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// Deadline is the time after which money may be taken out, in a table; nil is none.
func Deadline(after *time.Time) string {
	if after == nil {
		return "-"
	}
	return "after " + after.UTC().Format(time.RFC3339)
}

// Cost is wei with what they are worth, if that is known.
func Cost(wei *big.Int, usdc *vouchers.Amount) string {
	if usdc == nil {
		return Coins(wei) + " ETH"
	}
	return fmt.Sprintf("%s ETH (%s)", Coins(wei), *usdc)
}

// Coins shows wei as coins of the chain, without trailing zeros.
func Coins(wei *big.Int) string {
	const decimals = 18
	text := fmt.Sprintf("%0*s", decimals+1, wei.String())
	text = text[:len(text)-decimals] + "." + text[len(text)-decimals:]
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Refund says what came back.
func Refund(w io.Writer, moved agent.Moved) error {
	_, err := fmt.Fprintf(w, "refunded %s of channel %s\nthe channel has %s left\ntransaction %s\n", moved.Amount, moved.Channel, moved.Left, moved.Tx)
	return err
}
