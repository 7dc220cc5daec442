package buy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
)

// chargeOf says what a receipt proves of the charge of a call that failed.
func chargeOf(receipt agent.Receipt) string {
	switch {
	case receipt.InDoubt > 0:
		return ", and " + inDoubt(receipt)
	case receipt.Paid:
		return ", and was charged " + receipt.Charged.String()
	case receipt.Channel != (vouchers.ChannelID{}):
		return ", and was not charged"
	}
	return ", and gave no receipt"
}

// inDoubt says what stays in doubt of a transfer.
func inDoubt(receipt agent.Receipt) string {
	return fmt.Sprintf("%s is in doubt: the transfer that was signed can be made until %s, and counts until the chain says that it was not",
		receipt.InDoubt, receipt.Until.Format(time.RFC3339))
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
	if problem, known := agent.Explain(err); known && c.Bool(command.JSONFlag.Name) {
		return errors.Join(err, ui.JSON(c.App.Writer, map[string]agent.Problem{"error": problem}))
	}
	return err
}

// answer is what --json prints.
type answer struct {
	Result  *mcp.CallToolResult `json:"result"`
	Receipt agent.Receipt       `json:"receipt"`
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
	switch {
	case receipt.InDoubt > 0:
		cost = inDoubt(receipt)
	case receipt.Tx != (common.Hash{}):
		cost = fmt.Sprintf("paid %s by a transfer, transaction %s", receipt.Charged, receipt.Tx)
	case receipt.Paid:
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
		if err != nil && !c.Bool(command.JSONFlag.Name) {
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
		return fmt.Errorf("%w: --output: %w", command.ErrUsage, err)
	}
	if err = f.Close(); err == nil && fresh {
		err = os.Remove(path)
	}
	return err
}
