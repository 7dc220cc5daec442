package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/vouchers"
)

// errTool says that the tool itself failed; it was not charged.
var errTool = errors.New("the tool failed, and was not charged")

func callCommand() *cli.Command {
	return &cli.Command{
		Name:      "call",
		Usage:     "call a tool of the server and pay for it",
		ArgsUsage: "TOOL [key=value ...] [key:=json ...]",
		Description: "key=value passes a text, key:=json any JSON value: limit:=100, tags:='[\"a\"]'.\n" +
			"Images and other data are described; --output writes them into a file.",
		Flags: []cli.Flag{
			serverFlag, tokenFlag, jsonFlag,
			&cli.StringFlag{Name: "max-price", Usage: "the most that the call may cost, in USDC"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the image or data of the answer to this file"},
		},
		Action: call,
	}
}

func call(c *cli.Context) error {
	if c.NArg() == 0 {
		return wantArgs(c, 1, 1)
	}
	arguments, err := parseArguments(c.Args().Tail())
	if err != nil {
		return err
	}
	var policy agent.Policy
	if text := c.String("max-price"); text != "" {
		if policy.MaxPrice, err = vouchers.ParseAmount(text); err != nil {
			return fmt.Errorf("--max-price: %w", err)
		}
		if policy.MaxPrice == 0 {
			return fmt.Errorf("--max-price: %w: 0 would be no limit", vouchers.ErrAmount)
		}
	}
	return withServer(c, policy, func(client *agent.Client) error {
		result, receipt, err := client.CallTool(c.Context, c.Args().First(), arguments)
		if err != nil {
			return err
		}
		if path := c.String("output"); path != "" {
			if err := writeData(path, result); err != nil {
				return err
			}
		}
		err = print(c, answer{result, receipt}, func(w io.Writer) error { return printResult(w, result, receipt) })
		if err == nil && result.IsError {
			return errTool
		}
		return err
	})
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
	for _, content := range result.Content {
		line := fmt.Sprintf("[%T]", content)
		switch content := content.(type) {
		case mcp.TextContent:
			line = content.Text
		case mcp.ImageContent:
			line = fmt.Sprintf("[%s, %d bytes]", content.MIMEType, base64.StdEncoding.DecodedLen(len(content.Data)))
		case mcp.AudioContent:
			line = fmt.Sprintf("[%s, %d bytes]", content.MIMEType, base64.StdEncoding.DecodedLen(len(content.Data)))
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	cost := "free"
	if receipt.Paid {
		cost = fmt.Sprintf("paid %s, %s on this channel so far", receipt.Charged, receipt.Cumulative)
	}
	_, err := fmt.Fprintf(os.Stderr, "%s\n", cost)
	return err
}

// writeData writes the first image or sound of an answer into a file.
func writeData(path string, result *mcp.CallToolResult) error {
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
			return fmt.Errorf("--output: the server's data is not base64: %w", err)
		}
		return os.WriteFile(path, raw, 0o644)
	}
	return errors.New("--output: the answer holds no image and no sound; nothing was written")
}

func toolsCommand() *cli.Command {
	return &cli.Command{
		Name:   "tools",
		Usage:  "list the server's tools with their prices",
		Flags:  []cli.Flag{serverFlag, tokenFlag, jsonFlag},
		Action: tools,
	}
}

func tools(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	return withServer(c, agent.Policy{}, func(client *agent.Client) error {
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
				rows[i] = []string{tool.Name, price, tool.Description}
			}
			return ui.Table(w, []string{"TOOL", "PRICE", "WHAT IT DOES"}, rows)
		})
	})
}
