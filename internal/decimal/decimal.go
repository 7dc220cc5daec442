// Package decimal holds the numbers of a YAML file to the one way in which people read them.
//
// YAML takes 010 for 8, 0x10 for 16 and 1_000 for 1000. A node of a file flows in, and out
// comes whether it is a number that means something else to who wrote it than to YAML. Text in
// quotes is not looked at: it stays as it is written.
package decimal

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// ErrNotDecimal says that a number is not written in plain decimals.
var ErrNotDecimal = errors.New("not a plain decimal number: write it without zeros before it, another base, an exponent or _; a text stands in quotes")

var (
	form = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	// padded is what is no number to YAML for its digits alone, as 08 is none of base 8.
	padded = regexp.MustCompile(`^[+-]?0[0-9_]+$`)
)

// Check refuses a number of another form than 0, 10 or 0.5, with [ErrNotDecimal]. Any other
// node passes.
func Check(n ast.Node) error {
	switch written := n.GetToken(); n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		if !form.MatchString(written.Value) {
			return fmt.Errorf("%s is %w", written.Value, ErrNotDecimal)
		}
	case *ast.StringNode:
		if written.Type == token.StringType && padded.MatchString(written.Value) {
			return fmt.Errorf("%s is %w", written.Value, ErrNotDecimal)
		}
	}
	return nil
}
