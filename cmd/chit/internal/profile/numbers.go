package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/chitpay/chit/internal/decimal"
)

// wholes are the settings that are whole numbers to YAML; every other number is [Text].
var wholes = []string{"chainId", "withdrawDelay", "confirmations", "also.chainId", "also.confirmations", "settle.lowBalance", "settle.maxCostShare"}

var (
	indexForm = regexp.MustCompile(`\[[0-9]+\]`)
	wholeForm = regexp.MustCompile(`^-?[0-9]+$`)
)

// misread looks for a number that YAML does not read as it is written, such as 8 of 010, or
// 900 of 900.7 where a whole number is wanted.
type misread struct{ err error }

// Visit notes the first one.
func (m *misread) Visit(n ast.Node) ast.Visitor {
	if m.err != nil {
		return nil
	}
	key := strings.TrimPrefix(n.GetPath(), "$.")
	err := decimal.Check(n)
	if entry, ok := n.(*ast.MappingValueNode); ok && slices.Contains(wholes, indexForm.ReplaceAllString(key, "")) {
		if text := scalar(entry.Value, ""); text != "" && !wholeForm.MatchString(text) {
			err = fmt.Errorf("%q is not a whole number in plain decimals, such as 900", text)
		}
	}
	if err != nil {
		m.err = fmt.Errorf("line %d: %s: %w", n.GetToken().Position.Line, key, err)
	}
	return m
}
