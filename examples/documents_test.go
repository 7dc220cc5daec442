package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// Documents show what is compiled and run: each piece of Go in them stands, line by line, in
// an example.
func TestEveryPieceOfGoInTheDocumentsIsAnExample(t *testing.T) {
	var sources []string
	for _, file := range find(t, "../examples/*.go", "../agent/example_*_test.go") {
		sources = append(sources, flat(contentOf(t, file)))
	}
	pieces := 0
	for _, file := range find(t, "../*.md", "../docs/*.md") {
		for _, piece := range goPieces(contentOf(t, file)) {
			pieces++
			if !holds(sources, flat(piece)) {
				t.Errorf("%s shows what stands in no example:\n%s", file, piece)
			}
		}
	}
	if pieces == 0 {
		t.Error("the documents show no Go")
	}
}

// placed is a link to a file of the code, with the names that are said to be in it.
var placed = regexp.MustCompile("\\]\\(\\.\\./([^)]+)\\)((?:[,\\s]+`[A-Za-z]+`)*)")

func TestThePageOfTheHouseNamesWhatIsThere(t *testing.T) {
	links := placed.FindAllStringSubmatch(contentOf(t, "../docs/ARCHITECTURE.md"), -1)
	if len(links) < 30 {
		t.Errorf("%d links were found", len(links))
	}
	for _, link := range links {
		code := contentOf(t, filepath.Join("..", link[1]))
		for _, name := range strings.FieldsFunc(link[2], func(r rune) bool { return !unicode.IsLetter(r) }) {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(code) {
				t.Errorf("%s has no %s", link[1], name)
			}
		}
	}
}

func find(t testing.TB, patterns ...string) (files []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	return files
}

func contentOf(t testing.TB, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// goPieces are the fenced blocks of Go in a document.
func goPieces(document string) (pieces []string) {
	for _, block := range strings.Split(document, "\n```go\n")[1:] {
		piece, _, _ := strings.Cut(block, "```\n")
		pieces = append(pieces, piece)
	}
	return pieces
}

// flat is a text without its indentation.
func flat(text string) string {
	var lines strings.Builder
	for line := range strings.Lines(text) {
		lines.WriteString("\n" + strings.TrimSpace(line))
	}
	return lines.String() + "\n"
}

func holds(sources []string, piece string) bool {
	for _, source := range sources {
		if strings.Contains(source, piece) {
			return true
		}
	}
	return false
}
