// Package example is a small MCP server with tools that really do something: the
// shop that `chit serve` opens and that the tests buy from.
package example

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
)

// Prices is what the tools cost, in USDC.
var Prices = server.Prices{
	"now":        server.Free,
	"hash":       "0.0005",
	"text_stats": "0.001",
	"primes":     "0.002",
	"identicon":  "0.005",
	"unreliable": "0.01",
}

// Rates are the prices, with an allowance that all tools share that cost something.
func Rates(free server.Allowance) server.Rates {
	free.Pool = "example"
	rates := make(server.Rates)
	for tool, price := range Prices {
		rate := server.Rate{Price: price}
		if price != server.Free {
			rate.Free = free
		}
		rates[tool] = rate
	}
	return rates
}

// The largest inputs that the tools take.
const (
	maxText   = 1 << 20 // bytes
	maxPrimes = 1_000_000
)

// ErrInput is what a tool refuses an argument with.
var ErrInput = errors.New("bad argument")

// AddTools adds the example tools to an MCP server.
func AddTools(s *mcpserver.MCPServer) {
	text := mcp.WithString("text", mcp.Required(), mcp.Description("any text, up to 1 MiB"))
	s.AddTool(mcp.NewTool("now", mcp.WithDescription("The server's time, UTC. Free.")), answer(now))
	s.AddTool(mcp.NewTool("hash", mcp.WithDescription("The SHA-256 of a text, in hex."), text), answer(hash))
	s.AddTool(mcp.NewTool("text_stats", mcp.WithDescription("Counts bytes, characters, words and lines of a text."), text), answer(textStats))
	s.AddTool(mcp.NewTool("primes", mcp.WithDescription("How many primes there are below a limit, and the largest of them."),
		mcp.WithNumber("limit", mcp.Required(), mcp.Description("2 to 1000000"))), answer(primes))
	s.AddTool(mcp.NewTool("identicon", mcp.WithDescription("A PNG that is different for every text."), text), identicon)
	s.AddTool(mcp.NewTool("unreliable", mcp.WithDescription("Always fails: shows that a failed call is not charged.")), answer(unreliable))
}

func answer(f func(mcp.CallToolRequest) (string, error)) mcpserver.ToolHandlerFunc {
	return func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		text, err := f(req)
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText(text), nil
	}
}

func now(mcp.CallToolRequest) (string, error) {
	return time.Now().UTC().Format(time.RFC3339Nano), nil
}

func textOf(req mcp.CallToolRequest) (string, error) {
	text, err := req.RequireString("text")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInput, err)
	}
	if len(text) > maxText {
		return "", fmt.Errorf("%w: the text has %d bytes, the most is %d", ErrInput, len(text), maxText)
	}
	return text, nil
}

func hash(req mcp.CallToolRequest) (string, error) {
	text, err := textOf(req)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

func textStats(req mcp.CallToolRequest) (string, error) {
	text, err := textOf(req)
	if err != nil {
		return "", err
	}
	lines := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		lines++
	}
	return fmt.Sprintf("bytes=%d characters=%d words=%d lines=%d",
		len(text), utf8.RuneCountInString(text), len(strings.Fields(text)), lines), nil
}

func primes(req mcp.CallToolRequest) (string, error) {
	number, err := req.RequireFloat("limit")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInput, err)
	}
	if number != math.Trunc(number) || number < 2 || number > maxPrimes {
		return "", fmt.Errorf("%w: limit %v is not a whole number from 2 to %d", ErrInput, number, maxPrimes)
	}
	limit := int(number)
	composite := make([]bool, limit)
	count, largest := 0, 0
	for n := 2; n < limit; n++ {
		if composite[n] {
			continue
		}
		count, largest = count+1, n
		for m := n * n; m < limit; m += n {
			composite[m] = true
		}
	}
	return fmt.Sprintf("below=%d count=%d largest=%d", limit, count, largest), nil
}

func unreliable(mcp.CallToolRequest) (string, error) {
	return "", errors.New("this tool always fails, and you were not charged for it")
}

func identicon(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	text, err := textOf(req)
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	var out bytes.Buffer
	if err := png.Encode(&out, drawIdenticon(sha256.Sum256([]byte(text)))); err != nil {
		return nil, fmt.Errorf("encode the identicon: %w", err)
	}
	return mcp.NewToolResultImage("identicon", base64.StdEncoding.EncodeToString(out.Bytes()), "image/png"), nil
}

// drawIdenticon paints 5 x 5 cells, mirrored left to right, in a colour of the sum's.
func drawIdenticon(sum [32]byte) image.Image {
	const cells, size = 5, 48
	ink := color.NRGBA{R: 64 + sum[29]/2, G: 64 + sum[30]/2, B: 64 + sum[31]/2, A: 255}
	img := image.NewNRGBA(image.Rect(0, 0, cells*size, cells*size))
	for y := range cells * size {
		for x := range cells * size {
			column := min(x/size, cells-1-x/size)
			img.SetNRGBA(x, y, color.NRGBA{R: 245, G: 245, B: 245, A: 255})
			if sum[column*cells+y/size]&1 == 1 {
				img.SetNRGBA(x, y, ink)
			}
		}
	}
	return img
}
