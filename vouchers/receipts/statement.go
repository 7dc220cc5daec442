package receipts

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"

	"github.com/chitpay/chit/vouchers"
)

// Account is a channel as a statement begins it. It makes the channel's id, and so
// vouches for who signs its receipts.
type Account struct {
	Network            string             `json:"network"`
	Escrow             common.Address     `json:"escrow"`
	Channel            vouchers.ChannelID `json:"channelId"`
	Payer              common.Address     `json:"payer"`
	PayerAuthorizer    common.Address     `json:"payerAuthorizer"`
	Receiver           common.Address     `json:"receiver"`
	ReceiverAuthorizer common.Address     `json:"receiverAuthorizer"`
	AssetToken         common.Address     `json:"token"`
	WithdrawDelay      uint64             `json:"withdrawDelay"`
	Salt               common.Hash        `json:"salt"`
}

// AccountOf is the account of a channel.
func AccountOf(d vouchers.Deployment, id vouchers.ChannelID, c vouchers.ChannelConfig) Account {
	return Account{
		d.Network(), d.Escrow, id, c.Payer, c.PayerAuthorizer, c.Receiver, c.ReceiverAuthorizer, c.Token, c.WithdrawDelay, c.Salt,
	}
}

// check refuses an account whose id is another one's.
func (a *Account) check() error {
	d, err := (&Receipt{Network: a.Network, Escrow: a.Escrow}).Deployment()
	if err != nil {
		return err
	}
	id := vouchers.NewDomain(d).ChannelID(vouchers.ChannelConfig{
		Payer: a.Payer, PayerAuthorizer: a.PayerAuthorizer, Receiver: a.Receiver, ReceiverAuthorizer: a.ReceiverAuthorizer,
		Token: a.AssetToken, WithdrawDelay: a.WithdrawDelay, Salt: a.Salt,
	})
	if id != a.Channel {
		return fmt.Errorf("this config in this deployment is channel %s", id)
	}
	return nil
}

// Claimed is what the chain says was claimed from a channel over its life.
type Claimed struct {
	Channel vouchers.ChannelID `json:"channelId"`
	Claimed vouchers.Amount    `json:"claimed"`
	// Block is the number of the block that says so.
	Block uint64 `json:"block"`
}

// line is a line of a statement: one of its members is there.
type line struct {
	Account *Account `json:"channel,omitzero"`
	Kept    *Signed  `json:"kept,omitzero"`
	Receipt *Signed  `json:"receipt,omitzero"`
	Claimed *Claimed `json:"claimed,omitzero"`
}

// Statement writes channels with their receipts as JSON lines, which [Verify] reads:
// for each channel its account, the last receipt that is not kept any more if there is one, its
// receipts in order, and what was claimed.
type Statement struct{ w io.Writer }

// NewStatement returns a statement on w.
func NewStatement(w io.Writer) *Statement { return &Statement{w} }

// Account begins a channel.
func (s *Statement) Account(a Account) error { return s.write(line{Account: &a}) }

// Kept says which receipt is the last of those that are not kept any more, from which the
// others go on. It comes before them.
func (s *Statement) Kept(r *Signed) error { return s.write(line{Kept: r}) }

// Receipt adds a receipt of the channel.
func (s *Statement) Receipt(r *Signed) error { return s.write(line{Receipt: r}) }

// Claimed ends the channel.
func (s *Statement) Claimed(c Claimed) error { return s.write(line{Claimed: &c}) }

func (s *Statement) write(l line) error {
	data, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write a statement: %w", err)
	}
	if _, err := s.w.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("write a statement: %w", err)
	}
	return nil
}

// maxLine is the longest line of a statement, in bytes: a receipt takes about one
// thousand.
const maxLine = 64 << 10

// readStatement calls visit for each line, which may also be a receipt as answers have it (see
// [Signed.Wire]). Errors name the line, and wrap [ErrFormat]
// where it is none of a statement.
func readStatement(r io.Reader, visit func(*line) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		l, err := readLine(lines.Bytes())
		if err == nil {
			err = visit(l)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

// readLine reads a line that is not empty: JSON, or a receipt as answers have it.
func readLine(text []byte) (*line, error) {
	if text[0] != '{' {
		r, err := ParseWire(string(bytes.Trim(text, "\"\r")))
		return &line{Receipt: r}, err
	}
	l := new(line)
	if err := json.Unmarshal(text, l, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return l, nil
}

// ReadReceipts calls visit for each receipt of a statement, without verifying anything.
// An error of visit ends it and is returned; others are those of [Verify].
func ReadReceipts(statement io.Reader, visit func(*Signed) error) error {
	return readStatement(statement, func(l *line) error {
		if l.Receipt == nil {
			return nil
		}
		return visit(l.Receipt)
	})
}

// ReadAll returns the receipts of a statement, as [ReadReceipts] reads them.
func ReadAll(statement io.Reader) ([]Signed, error) {
	all := []Signed{}
	err := ReadReceipts(statement, func(r *Signed) error {
		all = append(all, *r)
		return nil
	})
	return all, err
}

// WriteTable writes the receipts of a statement as a [Table].
func WriteTable(w io.Writer, statement io.Reader) error {
	table, err := NewTable(w)
	if err != nil {
		return err
	}
	return errors.Join(ReadReceipts(statement, table.Receipt), table.Flush())
}

// columns are those of the CSV form.
var columns = []string{"issued_at", "channel", "sequence", "resource", "charged_usdc", "cumulative_usdc", "grant", "token", "ceiling_usdc", "request", "network", "escrow", "previous", "signature", "path"}

// Table writes receipts as CSV (RFC 4180) with a line of column names, for spreadsheets
// and bookkeeping.
type Table struct{ w *csv.Writer }

// NewTable returns a table on w.
func NewTable(w io.Writer) (*Table, error) {
	t := &Table{csv.NewWriter(w)}
	return t, t.write(columns)
}

// Receipt adds a row.
func (t *Table) Receipt(r *Signed) error {
	return t.write([]string{
		time.Unix(int64(r.IssuedAt), 0).UTC().Format(time.RFC3339), r.Channel.Hex(), strconv.FormatUint(r.Sequence, 10), plain(r.Resource),
		r.Charged.Decimal(), r.Cumulative.Decimal(), text(r.Grant), text(r.Token), r.Ceiling.Decimal(), r.Request.Hex(),
		r.Network, r.Escrow.Hex(), r.Previous.Hex(), r.Signature.Hex(), r.Batch.text(),
	})
}

func (t *Table) write(row []string) error {
	if err := t.w.Write(row); err != nil {
		return fmt.Errorf("write a table of receipts: %w", err)
	}
	return nil
}

// plain is a text that a spreadsheet does not take for a formula: what a seller wrote
// computes nothing, and asks nobody.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Flush writes what is left.
func (t *Table) Flush() error {
	t.w.Flush()
	return t.w.Error()
}

// text are the hashes of a path, with spaces between them, and "alone" of a receipt that has none
// since it was signed by itself.
func (p *Proof) text() string {
	if p == nil {
		return "alone"
	}
	hashes := make([]string, len(p.Path))
	for i := range p.Path {
		hashes[i] = p.Path[i].Hex()
	}
	return strings.Join(hashes, " ")
}

// text is the digits of an id, and nothing where there is none.
func text(id ID) string {
	if id == (ID{}) {
		return ""
	}
	return id.String()
}
