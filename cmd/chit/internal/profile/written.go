package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Text is a value as it is written in a profile, to the letter: of a number YAML would
// make another one, as 8 of 010. What is no number or text is kept, too, so that who reads
// it says which setting it is.
type Text string

// UnmarshalYAML reads a value.
func (t *Text) UnmarshalYAML(raw []byte) error {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return err
	}
	*t = Text(strings.TrimSpace(string(raw)))
	if len(file.Docs) == 1 {
		*t = Text(strings.TrimSpace(scalar(file.Docs[0].Body, string(raw))))
	}
	if *t == "" {
		return errBlank
	}
	return nil
}

// scalar is the text of a node behind its anchors and tags, or otherwise.
func scalar(node ast.Node, otherwise string) string {
	switch n := node.(type) {
	case *ast.AnchorNode:
		return scalar(n.Value, otherwise)
	case *ast.TagNode:
		return scalar(n.Value, otherwise)
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value
	}
	return otherwise
}

var errBlank = fmt.Errorf("%w: it is blank; leave the line out where nothing is meant", ErrInvalid)

// limiting are the settings below which nothing may be blank.
var limiting = []string{"budget", "topUp", "settle", "also", "limits", "clientLimits", "minDeposit", "coinPrice"}

// checkWritten refuses a profile with a limit that has no value, or a number that YAML reads as
// another one. It looks before anything is decoded: what is blank is no value of its setting
// then, and a number no longer as it was written.
func checkWritten(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	docs := slices.DeleteFunc(file.Docs, func(doc *ast.DocumentNode) bool { return doc.Body == nil })
	if len(docs) > 1 {
		return fmt.Errorf("the file holds %d YAML documents, want one", len(docs))
	}
	for _, doc := range docs {
		if err := noBlanksIn(doc.Body); err != nil {
			return err
		}
		var numbers misread
		if ast.Walk(&numbers, doc.Body); numbers.err != nil {
			return numbers.err
		}
	}
	return nil
}

func noBlanksIn(profile ast.Node) error {
	for _, node := range append(ast.Filter(ast.NullType, profile), ast.Filter(ast.StringType, profile)...) {
		path := strings.TrimPrefix(node.GetPath(), "$.")
		first, _, _ := strings.Cut(path, ".")
		if isBlank(node) && slices.Contains(limiting, strings.TrimRight(first, "[]0123456789")) {
			return fmt.Errorf("%s: %w", path, errBlank)
		}
	}
	for _, node := range ast.Filter(ast.AnchorType, profile) {
		if anchor := node.(*ast.AnchorNode); isBlank(anchor.Value) {
			return fmt.Errorf("the anchor &%s: %w", anchor.Name, errBlank)
		}
	}
	return nil
}

func isBlank(node ast.Node) bool {
	if text, ok := node.(*ast.StringNode); ok {
		return strings.TrimSpace(text.Value) == ""
	}
	return node.Type() == ast.NullType
}
