package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"strings"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/urfave/cli/v2"
)

// errTool says that the tool itself failed.
var errTool = errors.New("the tool failed")

func callCommand() *cli.Command {
	return &cli.Command{
		Name:      "call",
		Usage:     "call a tool of the server and pay for it",
		ArgsUsage: "TOOL [key=value ...] [key:=json ...]",
		Description: "key=value passes a text, key:=json any JSON value: limit:=100, tags:='[\"a\"]'.\n" +
			"Images and other data are described; --output writes them into a file.\n" +
			"With a credit token in $CHIT_CREDIT the call is paid with it, and no wallet is needed.",
		Flags: []cli.Flag{
			serverFlag, tokenFlag, jsonFlag,
			maxPriceFlag, topUpFlag, inputFlag,
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the image or data of the answer to this file"},
		},
		Action: call,
	}
}

func call(c *cli.Context) error {
	if c.NArg() == 0 {
		return wantArgs(c, 1, 1)
	}
	switch tool := c.Args().First(); {
	case strings.TrimSpace(tool) == "":
		return fmt.Errorf("%w: the tool has no name; `chit tools` lists those of the server", errUsage)
	case strings.Contains(tool, "://"):
		return fmt.Errorf("%w: name a tool first, such as `chit call search --server %s`; `chit pay-url` pays for a URL", errUsage, plain.Text(tool))
	}
	arguments, err := callArguments(c)
	if err != nil {
		return err
	}
	if err := checkOutput(c.String("output")); err != nil {
		return err
	}
	if token := os.Getenv(creditVariable); token != "" {
		most, err := amountFlag(c, maxPriceFlag)
		if err != nil {
			return err
		}
		return callOnCredit(c, token, arguments, most)
	}
	return withPayer(c, forCall(c), func(client *agent.Client) error {
		result, receipt, err := client.CallTool(c.Context, c.Args().First(), arguments)
		if err != nil {
			return explain(c, err)
		}
		err = print(c, answer{result, receipt}, func(w io.Writer) error { return printResult(w, result, receipt) })
		return errors.Join(err, outcome(c, result, chargeOf(receipt)))
	})
}

// chargeOf says what a receipt proves of the charge of a call that failed.
func chargeOf(receipt agent.Receipt) string {
	switch {
	case receipt.Paid:
		return ", and was charged " + receipt.Charged.String()
	case receipt.Channel != (vouchers.ChannelID{}):
		return ", and was not charged"
	}
	return ", and gave no receipt"
}

// outcome writes the file of --output, and says whether the tool has failed, and with
// what charge. What was paid for is printed by then.
func outcome(c *cli.Context, result *mcp.CallToolResult, charge string) error {
	if result.IsError {
		return fmt.Errorf("%w%s", errTool, charge)
	}
	if path := c.String("output"); path != "" {
		return writeData(c, path, result)
	}
	return nil
}

// explain prints why a payment was not made, where --json asks for what programs read.
func explain(c *cli.Context, err error) error {
	if problem, known := agent.Explain(err); known && c.Bool(jsonFlag.Name) {
		return errors.Join(err, ui.JSON(c.App.Writer, map[string]agent.Problem{"error": problem}))
	}
	return err
}

var (
	maxPriceFlag = &cli.StringFlag{Name: "max-price", Usage: "the most that the call may cost, in USDC"}
	topUpFlag    = &cli.StringFlag{Name: "deposit", Usage: "deposit so much USDC first if the channel cannot pay (default: the profile's topUp)"}
	inputFlag    = &cli.StringFlag{Name: "input", Usage: "read what is sent from this file, or from standard input for -"}
)

// forCall lays the flags of a single call over the profile's options. A limit on the
// command line can be lower than the profile's, not higher.
func forCall(c *cli.Context) func(*agent.Options) error {
	return func(o *agent.Options) error {
		price, err := amountFlag(c, maxPriceFlag)
		if err != nil {
			return err
		}
		if price > 0 && (o.Policy.MaxPrice == 0 || price < o.Policy.MaxPrice) {
			o.Policy.MaxPrice = price
		}
		deposit, err := amountFlag(c, topUpFlag)
		if err != nil {
			return err
		}
		if deposit > 0 {
			o.TopUp = agent.TopUp{Amount: deposit, Typed: true}
		}
		if ui.CanAsk() {
			o.Policy.Approve = func(ctx context.Context, p agent.Proposal) (bool, error) {
				return ui.Ask(ctx, p.Question())
			}
		}
		return nil
	}
}

func amountFlag(c *cli.Context, flag *cli.StringFlag) (vouchers.Amount, error) {
	text := c.String(flag.Name)
	if text == "" {
		return 0, nil
	}
	amount, err := vouchers.ParseAmount(text)
	if err != nil {
		return 0, fmt.Errorf("--%s: %w", flag.Name, err)
	}
	if amount == 0 {
		return 0, fmt.Errorf("--%s: %w: 0 would be no limit", flag.Name, vouchers.ErrAmount)
	}
	return amount, nil
}

// callArguments are those of the command line over those of --input, a JSON object.
func callArguments(c *cli.Context) (map[string]any, error) {
	given, err := parseArguments(c.Args().Tail())
	if err != nil || c.String(inputFlag.Name) == "" {
		return given, err
	}
	text, err := readInput(c.String(inputFlag.Name), maxInput)
	if err != nil {
		return nil, fmt.Errorf("--input: %w", err)
	}
	var arguments map[string]any
	if err := json.Unmarshal(text, &arguments); err != nil || arguments == nil {
		return nil, fmt.Errorf("%w: --input: want one JSON object with the tool's arguments: %w", errUsage, cmp.Or(err, errors.New("it is null")))
	}
	maps.Copy(arguments, given)
	return arguments, nil
}

// maxInput is the most that is read of a file or of standard input, in bytes.
const maxInput = 64 << 20

// readInput reads a file, or standard input for -.
func readInput(path string, most int64) ([]byte, error) {
	var in io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is longer than %d bytes", path, most)
	}
	return text, err
}

// answer is what --json prints.
type answer struct {
	Result  *mcp.CallToolResult `json:"result"`
	Receipt agent.Receipt       `json:"receipt"`
}

// parseArguments reads key=value and key:=json. A key may be given once.
func parseArguments(words []string) (map[string]any, error) {
	arguments := make(map[string]any, len(words))
	for _, word := range words {
		key, text, found := strings.Cut(word, "=")
		if !found || key == "" || key == ":" {
			return nil, fmt.Errorf("%w: argument %q is not key=value or key:=json", errUsage, word)
		}
		var value any = text
		if name, isJSON := strings.CutSuffix(key, ":"); isJSON {
			key = name
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				return nil, fmt.Errorf("%w: argument %q: the value is not JSON: %w", errUsage, word, err)
			}
		}
		if _, twice := arguments[key]; twice {
			return nil, fmt.Errorf("%w: argument %q is given twice", errUsage, key)
		}
		arguments[key] = value
	}
	return arguments, nil
}

func printResult(w io.Writer, result *mcp.CallToolResult, receipt agent.Receipt) error {
	if err := printContent(w, result); err != nil || result.IsError {
		return err
	}
	return printCost(receipt)
}

// printCost says what was paid, beside what the command prints.
func printCost(receipt agent.Receipt) error {
	cost := "charged nothing"
	if receipt.Paid {
		cost = fmt.Sprintf("paid %s, %s on this channel so far", receipt.Charged, receipt.Cumulative)
	}
	_, err := fmt.Fprintf(os.Stderr, "%s\n", cost)
	return err
}

func printContent(w io.Writer, result *mcp.CallToolResult) error {
	for _, content := range result.Content {
		line := fmt.Sprintf("[%T]", content)
		switch content := content.(type) {
		case mcp.TextContent:
			line = content.Text
		case mcp.ImageContent:
			line = dataLine(content.MIMEType, content.Data)
		case mcp.AudioContent:
			line = dataLine(content.MIMEType, content.Data)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func dataLine(kind, data string) string {
	return fmt.Sprintf("[%s, %d bytes]", plain.Text(kind), base64.RawStdEncoding.DecodedLen(len(strings.TrimRight(data, "="))))
}

// writeData writes the first image or sound of an answer into a file, or else the whole
// answer is printed, unless --json has done that: it is paid for.
func writeData(c *cli.Context, path string, result *mcp.CallToolResult) error {
	for _, content := range result.Content {
		var data string
		switch content := content.(type) {
		case mcp.ImageContent:
			data = content.Data
		case mcp.AudioContent:
			data = content.Data
		default:
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			err = fmt.Errorf("--output: the server's data is not base64: %w", err)
		} else {
			err = writeOutput(path, raw)
		}
		if err != nil && !c.Bool(jsonFlag.Name) {
			err = errors.Join(err, ui.JSON(c.App.Writer, result))
		}
		return err
	}
	return errors.New("--output: the answer holds no image and no sound; nothing was written")
}

// checkOutput refuses a file that could not be written, before anything is paid for.
func checkOutput(path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("%w: --output: %w", errUsage, err)
	}
	if err = f.Close(); err == nil && fresh {
		err = os.Remove(path)
	}
	return err
}

func toolsCommand() *cli.Command {
	return &cli.Command{
		Name:      "tools",
		Usage:     "list the server's tools with their prices",
		ArgsUsage: "[URL]",
		Flags:     []cli.Flag{serverFlag, tokenFlag, jsonFlag},
		Action:    tools,
	}
}

func tools(c *cli.Context) error {
	if err := wantArgs(c, 0, 1); err != nil {
		return err
	}
	if c.NArg() == 1 {
		if err := c.Set(serverFlag.Name, c.Args().First()); err != nil {
			return err
		}
	}
	return withPayer(c, unchanged, func(client *agent.Client) error {
		list, err := client.Tools(c.Context)
		if err != nil {
			return err
		}
		return print(c, list, func(w io.Writer) error {
			rows := make([][]string, len(list))
			for i, tool := range list {
				price := "free"
				if tool.Price > 0 {
					price = tool.Price.Decimal()
				}
				if tool.Meta != nil && tool.Meta.AdditionalFields[offer.MetaRate] != nil {
					price = "up to " + price
				}
				rows[i] = []string{tool.Name, price, strings.Join(strings.Fields(tool.Description), " ")}
			}
			return ui.Table(w, []string{"TOOL", "PRICE", "WHAT IT DOES"}, rows)
		})
	})
}
