package buy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
)

// callArguments are those of the command line over those of --input, a JSON object.
func callArguments(c *cli.Context) (map[string]any, error) {
	given, err := parseArguments(c.Args().Tail())
	if err != nil || c.String(inputFlag.Name) == "" {
		return given, err
	}
	text, err := command.ReadInput(c.String(inputFlag.Name), maxInput)
	if err != nil {
		return nil, fmt.Errorf("--input: %w", err)
	}
	var arguments map[string]any
	if err := json.Unmarshal(text, &arguments); err != nil || arguments == nil {
		return nil, fmt.Errorf("%w: --input: want one JSON object with the tool's arguments: %w", command.ErrUsage, cmp.Or(err, errors.New("it is null")))
	}
	maps.Copy(arguments, given)
	return arguments, nil
}

// maxInput is the most that is read of a file or of standard input, in bytes.
const maxInput = 64 << 20

// parseArguments reads key=value and key:=json. A key may be given once.
func parseArguments(words []string) (map[string]any, error) {
	arguments := make(map[string]any, len(words))
	for _, word := range words {
		key, text, found := strings.Cut(word, "=")
		if !found || key == "" || key == ":" {
			return nil, fmt.Errorf("%w: argument %q is not key=value or key:=json", command.ErrUsage, word)
		}
		var value any = text
		if name, isJSON := strings.CutSuffix(key, ":"); isJSON {
			key = name
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				return nil, fmt.Errorf("%w: argument %q: the value is not JSON: %w", command.ErrUsage, word, err)
			}
		}
		if _, twice := arguments[key]; twice {
			return nil, fmt.Errorf("%w: argument %q is given twice", command.ErrUsage, key)
		}
		arguments[key] = value
	}
	return arguments, nil
}
