package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Text is a value as it is written in a profile, to the letter: of a number YAML would
// make another one, as 8 of 010. Blank is an error where it is read, since it would be no
// limit.
type Text string

// UnmarshalYAML reads a scalar.
func (t *Text) UnmarshalYAML(raw []byte) error {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return errBlank
	}
	switch node := file.Docs[0].Body.(type) {
	case *ast.StringNode:
		*t = Text(strings.TrimSpace(node.Value))
	case *ast.IntegerNode, *ast.FloatNode:
		*t = Text(node.GetToken().Value)
	case *ast.NullNode:
		return errBlank
	default:
		return fmt.Errorf("%q is not a plain value", strings.TrimSpace(string(raw)))
	}
	if *t == "" {
		return errBlank
	}
	return nil
}

var errBlank = fmt.Errorf("%w: it is blank; leave the line out where nothing is meant", ErrInvalid)

// limiting are the settings below which nothing may be blank.
var limiting = []string{"budget", "topUp", "settle", "also", "limits", "clientLimits", "minDeposit", "coinPrice"}

// noBlanks refuses a profile with a limit that has no value.
func noBlanks(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		for _, null := range ast.Filter(ast.NullType, doc.Body) {
			path := strings.TrimPrefix(null.GetPath(), "$.")
			if first, _, _ := strings.Cut(path, "."); slices.Contains(limiting, first) || slices.Contains(limiting, strings.TrimRight(first, "[]0123456789")) {
				return fmt.Errorf("%s: %w", path, errBlank)
			}
		}
	}
	return nil
}
