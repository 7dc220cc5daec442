package buy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

// errStatus says that the resource itself failed, or is elsewhere.
var errStatus = errors.New("the resource failed")

// PayURL is `chit pay-url`.
func PayURL() *cli.Command {
	return &cli.Command{
		Name:      "pay-url",
		Usage:     "get a plain HTTP resource and pay for it (402 Payment Required)",
		ArgsUsage: "URL",
		Description: "Servers of this kind take a deposit with a request that is paid for: give --deposit the first\n" +
			"time, or write topUp into the profile. The body is printed as it is, without control characters on a\n" +
			"terminal, or written with --output.",
		Flags: []cli.Flag{
			command.TokenFlag, command.JSONFlag, maxPriceFlag, topUpFlag, stockFlag, inputFlag,
			&cli.StringFlag{Name: "method", Aliases: []string{"X"}, Usage: "HTTP method (default GET, or POST with --input)"},
			&cli.StringSliceFlag{Name: "header", Aliases: []string{"H"}, Usage: "a header, as 'Name: value'; may be repeated"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the body into this file"},
			&cli.BoolFlag{Name: "refund", Usage: "ask for what is left in the channel instead"},
		},
		Action: payURL,
	}
}

func payURL(c *cli.Context) (err error) {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	if os.Getenv(creditVariable) != "" {
		return fmt.Errorf("%w: %s is set, and this command pays from the wallet: unset it, or send the token with any HTTP client as `Authorization: Bearer $%s`", command.ErrUsage, creditVariable, creditVariable)
	}
	if err := checkOutput(c.String("output")); err != nil {
		return err
	}
	request, err := httpRequest(c)
	if err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	o, err := command.PayerOptions(c, p)
	if err != nil {
		return err
	}
	if err := forCall(c)(&o); err != nil {
		return err
	}
	client, err := agent.NewHTTPClient(c.Context, request.URL, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if c.Bool("refund") {
		report := command.Progress()
		report.Step("asking for a refund; waiting for the chain")
		moved, err := client.Refund(c.Context, request, 0)
		report.Done()
		if err != nil {
			return err
		}
		return command.Print(c, moved, func(w io.Writer) error { return ui.Refund(w, moved) })
	}
	response, receipt, err := client.Do(c.Context, request)
	if err != nil {
		return explain(c, err)
	}
	return printResponse(c, response, receipt)
}

// httpRequest reads the request from the command line.
func httpRequest(c *cli.Context) (agent.HTTPRequest, error) {
	r := agent.HTTPRequest{URL: c.Args().First(), Method: c.String("method"), Header: make(http.Header)}
	for _, line := range c.StringSlice("header") {
		name, value, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(name) == "" {
			return r, fmt.Errorf("%w: --header %q is not 'Name: value'", command.ErrUsage, line)
		}
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	path := c.String(inputFlag.Name)
	if path == "" {
		return r, nil
	}
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	var err error
	if r.Body, err = command.ReadInput(path, maxInput); err != nil {
		return r, fmt.Errorf("--input: %w", err)
	}
	return r, nil
}

// page is what --json prints. A body that is no text is in Data, as base64.
type page struct {
	Status  int           `json:"status"`
	Type    string        `json:"type,omitempty"`
	Body    string        `json:"body,omitempty"`
	Data    []byte        `json:"data,omitempty"`
	Receipt agent.Receipt `json:"receipt"`
}

func printResponse(c *cli.Context, response *agent.HTTPResponse, receipt agent.Receipt) error {
	p := page{Status: response.Status, Type: response.Header.Get("Content-Type"), Receipt: receipt}
	if utf8.Valid(response.Body) {
		p.Body = string(response.Body)
	} else {
		p.Data = response.Body
	}
	failed := response.Status >= http.StatusMultipleChoices
	var unwritten error
	if path := c.String("output"); path != "" && !failed {
		if unwritten = writeOutput(path, response.Body); unwritten == nil {
			p.Body, p.Data, response.Body = "", nil, nil
		}
	}
	err := command.Print(c, p, func(w io.Writer) error {
		if !term.IsTerminal(int(os.Stdout.Fd())) {
			w = os.Stdout // nothing of it can do anything there
		}
		if _, err := w.Write(response.Body); err != nil {
			return err
		}
		return printCost(receipt)
	})
	if err == nil && failed {
		err = fmt.Errorf("%w: status %d %s%s", errStatus, response.Status, http.StatusText(response.Status), chargeOf(receipt))
	}
	return errors.Join(err, unwritten)
}

// writeOutput writes what was bought into the file of --output.
func writeOutput(path string, bought []byte) error {
	if err := os.WriteFile(path, bought, 0o644); err != nil {
		return fmt.Errorf("--output: %w; what was bought is printed instead", err)
	}
	return nil
}
