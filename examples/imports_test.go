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
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
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

// folderOf is the top folder of a package of this module.
func folderOf(path string) string {
	folder, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
	return folder
}
