package examples_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/chitpay/chit/"

// A folder imports those above it in the README's table, and never below.
func TestImportsPointOneWay(t *testing.T) {
	var order []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9]+)/").FindAllStringSubmatch(contentOf(t, "../README.md"), -1) {
		order = append(order, row[1])
	}
	if len(order) < 10 {
		t.Fatalf("the README's table has %v", order)
	}
	for _, fields := range imports(t) {
		from := folderOf(fields[0])
		if from == "scripts" { // programs of the tests, which nobody imports
			continue
		}
		place := slices.Index(order, from)
		if place < 0 {
			t.Errorf("%s is not in the README's table", from)
		}
		for _, to := range fields[1:] {
			if strings.HasPrefix(to, module) && slices.Index(order, folderOf(to)) > place {
				t.Errorf("%s imports %s", fields[0], to)
			}
		}
	}
}

// A room imports those above it in the table of docs/ARCHITECTURE.md, and never below. What is
// only for tests stands in no table.
func TestARoomImportsThoseAboveIt(t *testing.T) {
	var order []string
	for _, row := range regexp.MustCompile(`(?m)^\| \[([a-z0-9/]+)\]`).FindAllStringSubmatch(contentOf(t, "../docs/ARCHITECTURE.md"), -1) {
		order = append(order, row[1])
	}
	for _, fields := range imports(t) {
		from := strings.TrimPrefix(fields[0], module)
		place := slices.Index(order, from)
		if place < 0 && !isForTests(from, fields[1:]) {
			t.Errorf("%s is not in the table of rooms", from)
		}
		for _, to := range fields[1:] {
			if room := strings.TrimPrefix(to, module); place >= 0 && slices.Index(order, room) > place {
				t.Errorf("%s imports %s, which is below it", from, room)
			}
		}
	}
}

// isForTests reports whether a package is for tests, or made or run by scripts.
func isForTests(path string, imported []string) bool {
	top, _, _ := strings.Cut(path, "/")
	return len(imported) == 0 || slices.Contains(imported, "testing") || slices.Contains([]string{"abigen", "examples", "scripts"}, top) || path == "server/faults"
}

// What carries a call knows no way to pay for it, and no way to pay what carries it.
func TestCarriersAndMeansAreApart(t *testing.T) {
	carriers, means := []string{"server/onmcp", "server/onhttp"}, []string{"server/voucher", "server/token"}
	for _, fields := range imports(t) {
		from := strings.TrimPrefix(fields[0], module)
		for _, to := range fields[1:] {
			room := strings.TrimPrefix(to, module)
			if slices.Contains(carriers, from) && slices.Contains(means, room) || slices.Contains(means, from) && slices.Contains(carriers, room) {
				t.Errorf("%s imports %s", from, room)
			}
		}
	}
}

// imports are the packages of this module, each with what it imports after it.
func imports(t *testing.T) (all [][]string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		all = append(all, strings.Fields(line))
	}
	return all
}

// folderOf is the top folder of a package of this module.
func folderOf(path string) string {
	folder, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
	return folder
}
