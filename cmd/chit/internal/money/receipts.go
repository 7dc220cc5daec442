package money

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Receipts is `chit receipts`.
func Receipts() *cli.Command {
	which := []cli.Flag{
		&cli.BoolFlag{Name: "seller", Usage: "those that the profile's shop has issued, not those that its payer was given"},
		command.StoreFlag,
		&cli.StringFlag{Name: "channel", Usage: "of this channel alone"},
	}
	filter := append(which[:len(which):len(which)],
		&cli.StringFlag{Name: "grant", Usage: "of this grant of credit alone"},
		&cli.StringFlag{Name: "since", Usage: "issued since then: 24h, 2026-01-31 (UTC) or 2026-01-31T15:04:05Z"},
		&cli.StringFlag{Name: "until", Usage: "issued before then"},
	)
	with := func(more ...cli.Flag) []cli.Flag { return append(more, filter...) }
	csvFlag := &cli.BoolFlag{Name: "csv", Usage: "print CSV"}
	return &cli.Command{
		Name:   "receipts",
		Usage:  "list, export and verify the signed receipts of what was charged",
		Flags:  with(command.JSONFlag, csvFlag),
		Action: receiptsList,
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list them", Flags: with(command.JSONFlag, csvFlag), Action: receiptsList},
			{
				Name: "export", Usage: "write them to a file, or to standard output", ArgsUsage: "[FILE]", Action: receiptsExport,
				Description: "JSON lines, with the channels and what was claimed on chain: what `chit receipts verify` reads.",
				Flags:       with(csvFlag, &cli.BoolFlag{Name: "jsonl", Usage: "write JSON lines, which is what is written without --csv"}),
			},
			{
				Name: "verify", Usage: "check that receipts add up to what was claimed on chain", ArgsUsage: "[FILE | RECEIPT]", Action: receiptsVerify,
				Description: "Reads what `chit receipts export` wrote, and needs nothing else. Without FILE the profile's own are checked.\n" +
					"A RECEIPT as answers have it is one word; --signer says who should have signed it.",
				Flags: append(which[:len(which):len(which)], command.JSONFlag, &cli.StringSliceFlag{Name: "signer", Usage: "address that may have signed, beside the channel's receiver authorizer"}),
			},
			{
				Name: "fetch", Usage: "get the receipts that the book lacks from the server", Flags: []cli.Flag{command.ServerFlag, command.JSONFlag}, Action: receiptsFetch,
				Description: "Those of answers that were lost, and of calls that others made on your credit tokens.",
			},
		},
	}
}

// receiptFilter is what the flags ask for.
func receiptFilter(c *cli.Context) (want receipts.Filter, err error) {
	if text := c.String("channel"); text != "" {
		if want.Channel, err = vouchers.ParseChannelID(text); err == nil && want.Channel == (vouchers.ChannelID{}) {
			err = vouchers.ErrChannelIDSyntax
		}
		if err != nil {
			return want, fmt.Errorf("%w: --channel: %w", command.ErrUsage, err)
		}
	}
	if text := c.String("grant"); text != "" {
		if err := want.Grant.UnmarshalText([]byte(text)); err != nil {
			return want, fmt.Errorf("%w: --grant: %w", command.ErrUsage, err)
		}
	}
	if want.Since, err = moment(c, "since"); err != nil {
		return want, err
	}
	want.Until, err = moment(c, "until")
	return want, err
}

// moment reads a flag that is a time, or a duration before now.
func moment(c *cli.Context, flag string) (time.Time, error) {
	text := c.String(flag)
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return time.Now().Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: --%s %q: want a duration such as 24h, a day (UTC) such as 2026-01-31, or a time such as 2026-01-31T15:04:05Z", command.ErrUsage, flag, text)
}

// writeReceipts writes the statement that the flags ask for; with claims the payer's says
// what was claimed on chain.
func writeReceipts(c *cli.Context, claims bool, w io.Writer) error {
	want, err := receiptFilter(c)
	if err != nil {
		return err
	}
	if c.Bool("seller") || c.String(command.StoreFlag.Name) != "" {
		shop, err := command.Place(c)
		if err != nil {
			return err
		}
		return shop.WriteStatement(c.Context, want, w)
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	book, err := command.Book(c, p)
	if err != nil {
		return err
	}
	if !claims {
		return book.WriteStatement(want, func(agent.Entry) (*receipts.Claimed, error) { return nil, nil }, w)
	}
	client, err := command.Dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	return book.WriteStatement(want, func(e agent.Entry) (*receipts.Claimed, error) { return treasury.ReadClaimed(c.Context, client, e) }, w)
}

func receiptsList(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	if c.Bool("csv") && c.Bool(command.JSONFlag.Name) {
		return fmt.Errorf("%w: --csv and --json: want one of them", command.ErrUsage)
	}
	var statement bytes.Buffer
	if err := writeReceipts(c, false, &statement); err != nil {
		return err
	}
	if c.Bool("csv") {
		return receipts.WriteTable(c.App.Writer, &statement)
	}
	all, err := receipts.ReadAll(&statement)
	if err != nil {
		return err
	}
	return command.Print(c, all, func(w io.Writer) error { return listReceipts(w, all) })
}

func listReceipts(w io.Writer, all []receipts.Signed) error {
	rows := make([][]string, len(all))
	var sum vouchers.Amount
	for i, r := range all {
		sum += r.Charged
		by := "voucher"
		if r.Token != (receipts.ID{}) {
			by = "token " + r.Token.String()
		}
		rows[i] = []string{
			ui.UTC(time.Unix(int64(r.IssuedAt), 0)), ui.Short(r.Channel.Hex()), strconv.FormatUint(r.Sequence, 10),
			r.Resource, r.Charged.Decimal(), r.Cumulative.Decimal(), by,
		}
	}
	if err := ui.Table(w, []string{"ISSUED", "CHANNEL", "NUMBER", "FOR", "CHARGED", "IN ALL", "PAID BY"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d receipts, %s\n", len(all), sum)
	return err
}

func receiptsExport(c *cli.Context) (err error) {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return err
	}
	if c.Bool("csv") && c.Bool("jsonl") {
		return fmt.Errorf("%w: --csv and --jsonl: want one of them", command.ErrUsage)
	}
	// All of it is there before a file is touched.
	var statement, table bytes.Buffer
	if err := writeReceipts(c, !c.Bool("csv"), &statement); err != nil {
		return err
	}
	out := &statement
	if c.Bool("csv") {
		if err := receipts.WriteTable(&table, &statement); err != nil {
			return err
		}
		out = &table
	}
	path := c.Args().First()
	if path == "" || path == "-" {
		_, err = out.WriteTo(c.App.Writer)
		return err
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("export receipts: %w", err)
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote %s\n", path)
	return err
}

func receiptsVerify(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return err
	}
	var signers []common.Address
	for _, text := range c.StringSlice("signer") {
		address, err := profile.ParseAddress(text)
		if err != nil {
			return fmt.Errorf("%w: --signer: %w", command.ErrUsage, err)
		}
		signers = append(signers, address)
	}
	if one, err := receipts.ParseWire(c.Args().First()); err == nil {
		return verifyOne(c, one, signers)
	}
	statement, err := statementToVerify(c)
	if err != nil {
		return err
	}
	if own, ok := statement.(*bytes.Buffer); ok && own.Len() == 0 {
		return command.Print(c, []receipts.Audit{}, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, "there are no receipts to verify yet")
			return err
		})
	}
	audits, err := receipts.Verify(statement, signers...)
	if err != nil {
		return err
	}
	if err := command.Print(c, audits, func(w io.Writer) error { return listAudits(w, audits) }); err != nil {
		return err
	}
	if err := tellContradictions(c, audits); err != nil {
		return err
	}
	if fault := receipts.FaultOf(audits); fault != nil {
		return fmt.Errorf("%w%s", fault, wayOut(c))
	}
	return nil
}

// signedBy is a receipt that was checked alone, and who has signed it.
type signedBy struct {
	receipts.Signed
	By common.Address `json:"by"`
}

// verifyOne checks a receipt alone. Who should have signed it is for the caller to know.
func verifyOne(c *cli.Context, r *receipts.Signed, signers []common.Address) error {
	by, err := r.Signer()
	if err != nil {
		return err
	}
	if len(signers) > 0 && !slices.Contains(signers, by) {
		return fmt.Errorf("%w: %s signed it, and --signer names others", receipts.ErrSigner, by)
	}
	return command.Print(c, signedBy{*r, by}, func(w io.Writer) error {
		if err := listReceipts(w, []receipts.Signed{*r}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "signed by %s\n", by)
		return err
	})
}

// tellContradictions says which receipts in the payer's own book have others of the same
// number.
func tellContradictions(c *cli.Context, audits []receipts.Audit) error {
	if c.NArg() > 0 || c.Bool("seller") {
		return nil
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	book, err := command.Book(c, p)
	if err != nil {
		return err
	}
	channels := make([]vouchers.ChannelID, len(audits))
	for i := range audits {
		channels[i] = audits[i].Channel
	}
	others, err := book.Contradictions(channels...)
	for _, r := range others {
		fmt.Fprintf(os.Stderr, "channel %s: the seller has given another receipt with the number %d, for %s: it has lost its books, or is dishonest\n", r.Channel, r.Sequence, r.Charged)
	}
	return err
}

// wayOut says where receipts that are missing may be.
func wayOut(c *cli.Context) string {
	if c.NArg() > 0 || c.Bool("seller") {
		return ""
	}
	return "; `chit receipts fetch` gets what the book lacks"
}

// statementToVerify is the file that is named, or the profile's own.
func statementToVerify(c *cli.Context) (io.Reader, error) {
	var statement bytes.Buffer
	path := c.Args().First()
	switch path {
	case "":
		return &statement, writeReceipts(c, true, &statement)
	case "-":
		return c.App.Reader, nil
	}
	for _, flag := range []string{"seller", "channel"} {
		if c.IsSet(flag) {
			return nil, fmt.Errorf("%w: --%s says what to read of the profile's own receipts, and %s is a file", command.ErrUsage, flag, path)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("verify receipts: %w", err)
	}
	return bytes.NewReader(text), nil
}

func listAudits(w io.Writer, audits []receipts.Audit) error {
	rows := make([][]string, len(audits))
	for i := range audits {
		a := &audits[i]
		claimed, verdict := "unknown", "adds up"
		if a.Before > 0 {
			verdict = fmt.Sprintf("adds up, but for %s before the first receipt", a.Before)
		}
		if a.Claimed != nil {
			claimed = a.Claimed.Claimed.Decimal()
		}
		if a.Fault != nil {
			verdict = a.Fault.Error()
		}
		rows[i] = []string{ui.Short(a.Channel.Hex()), ui.ShortAddress(a.Payer), strconv.FormatUint(a.Receipts, 10), a.Charged.Decimal(), claimed, verdict}
	}
	return ui.Table(w, []string{"CHANNEL", "PAYER", "RECEIPTS", "CHARGED", "CLAIMED", "VERDICT"}, rows)
}

// fetched is what `chit receipts fetch` answers.
type fetched struct {
	Receipts int `json:"receipts"`
}

func receiptsFetch(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	return command.WithPayer(c, command.Unchanged, func(client *agent.Client) error {
		came, err := client.FetchReceipts(c.Context)
		if err != nil {
			return err
		}
		return command.Print(c, fetched{came}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%d receipts came that the book did not have\n", came)
			return err
		})
	})
}
