package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Problem is one thing that is wrong with a config file.
type Problem struct {
	File string
	// Line counts from 1.
	Line int
	// Key is the path of the setting, such as "upstreams.files.timeout"; empty is the
	// whole file.
	Key string
	// Text says what is wrong and what is wanted.
	Text string
}

// Error is "file:line: key: text".
func (p *Problem) Error() string {
	at := fmt.Sprintf("%s:%d: ", p.File, p.Line)
	if p.Key != "" {
		at += p.Key + ": "
	}
	return at + p.Text
}

// Place is a value in the file, with where it stands.
type Place struct {
	node ast.Node
	key  string
	line int
}

// Setting takes the value of a key.
type Setting func(Place)

// New returns a reader of the file of this name, which problems are told with. It opens nothing.
func New(file string) *Reader { return &Reader{file: file} }

// Reader takes a config file apart and collects every problem in it. It is for one goroutine.
type Reader struct {
	file     string
	anchors  map[string]ast.Node
	problems []error
}

// Parse reads the file's text and hands its top level to root.
func (r *Reader) Parse(text []byte, root Setting) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.syntax(err)
		return
	}
	if len(file.Docs) != 1 {
		r.Report(Place{line: 1}, "the file holds %d YAML documents, want one", len(file.Docs))
		return
	}
	if file.Docs[0].Body == nil {
		r.Report(Place{line: 1}, "the file is empty")
		return
	}
	r.anchors = make(map[string]ast.Node)
	ast.Walk(anchorsOf(r.anchors), file.Docs[0].Body)
	root(Place{node: file.Docs[0].Body, line: 1})
}

func (r *Reader) syntax(err error) {
	line := 1
	text := err.Error()
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		text = syntax.GetMessage()
		if token := syntax.GetToken(); token != nil {
			line = token.Position.Line
		}
	}
	r.Report(Place{line: line}, "this is not YAML: %s", text)
}

// anchorsOf collects what aliases may stand for.
type anchorsOf map[string]ast.Node

// Visit notes an anchor.
func (a anchorsOf) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		a[anchor.Name.String()] = anchor.Value
	}
	return a
}

// Found is how many problems there are so far.
func (r *Reader) Found() int { return len(r.problems) }

// Err joins a [*Problem] for everything that is wrong; nil is nothing.
func (r *Reader) Err() error { return errors.Join(r.problems...) }

// Report adds a problem of a place.
func (r *Reader) Report(at Place, format string, args ...any) {
	r.problems = append(r.problems, &Problem{File: r.file, Line: at.line, Key: at.key, Text: fmt.Sprintf(format, args...)})
}

// Value is the node of a place, behind anchors and tags.
func (r *Reader) Value(at Place) ast.Node {
	switch n := at.node.(type) {
	case *ast.AnchorNode:
		return r.Value(Place{node: n.Value})
	case *ast.TagNode:
		return r.Value(Place{node: n.Value})
	case *ast.AliasNode:
		// An alias within its own anchor has no value: the parser has not seen the end.
		return r.anchors[n.Value.String()]
	}
	return at.node
}

// Each visits the entries of a mapping.
func (r *Reader) Each(at Place, visit func(name string, entry Place)) {
	var entries []*ast.MappingValueNode
	switch n := r.Value(at).(type) {
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	default:
		r.Report(at, "%s, want settings, one `key: value` a line", KindOf(n))
		return
	}
	for _, entry := range entries {
		token := entry.Key.GetToken()
		if entry.Key.IsMergeKey() {
			r.Report(Place{key: at.key, line: token.Position.Line}, "<< is not supported: write the settings out, or use an alias for a whole value")
			continue
		}
		visit(token.Value, Place{node: entry.Value, key: join(at.key, token.Value), line: token.Position.Line})
	}
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// Object reads a mapping whose keys are known.
func (r *Reader) Object(at Place, settings map[string]Setting) {
	r.Each(at, func(name string, entry Place) {
		if take, ok := settings[name]; ok {
			take(entry)
			return
		}
		r.Report(entry, "there is no such setting; known are %s", strings.Join(slices.Sorted(maps.Keys(settings)), ", "))
	})
}

// List visits the elements of a sequence.
func (r *Reader) List(at Place, visit Setting) {
	n, ok := r.Value(at).(*ast.SequenceNode)
	if !ok {
		r.Report(at, "%s, want a list", KindOf(r.Value(at)))
		return
	}
	for i, value := range n.Values {
		visit(Place{node: value, key: fmt.Sprintf("%s[%d]", at.key, i), line: value.GetToken().Position.Line})
	}
}

// IsGroup reports whether a value has settings of its own.
func IsGroup(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// KindOf says what a value is, for a problem.
func KindOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "it has no value"
	case *ast.StringNode, *ast.LiteralNode:
		return "it is a text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "it is a number"
	case *ast.BoolNode:
		return "it is true or false"
	case *ast.SequenceNode:
		return "it is a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "it is a group of settings"
	}
	return "it is a " + n.Type().YAMLName()
}
