package server_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/limits"
)

var (
	limitRow  = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| [^|]+ \\|$")
	testNamed = regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w+|test_\w+)`)
	testInGo  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	testInSol = regexp.MustCompile(`(?m)^\s*function (test_\w+)\(`)
)

// tests returns the names of all tests of the module, and of its contracts.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		var pattern *regexp.Regexp
		switch slashed := filepath.ToSlash(path); {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return filepath.SkipDir
		case strings.HasSuffix(slashed, "_test.go"):
			pattern = testInGo
		case strings.HasPrefix(slashed, "../contracts/test/") && strings.HasSuffix(slashed, ".sol"):
			pattern = testInSol
		default:
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range pattern.FindAllStringSubmatch(string(source), -1) {
			all[found[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheSecurityPageSaysWhatIs(t *testing.T) {
	raw, err := os.ReadFile("../docs/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	_, section, found := strings.Cut(page, "\n## The limits of a shop\n")
	if !found {
		t.Fatal("the page has no limits of a shop")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	limits := limits.Defaults()
	for _, row := range limitRow.FindAllStringSubmatch(section, -1) {
		if want, known := limits[row[1]]; !known {
			t.Errorf("the limit %s is none, or is there twice", row[1])
		} else if row[2] != want {
			t.Errorf("the default of %s is %q, want %q", row[1], row[2], want)
		}
		delete(limits, row[1])
	}
	for name := range limits {
		t.Errorf("the limit %s is missing", name)
	}
	known := tests(t)
	named := testNamed.FindAllString(page, -1)
	if len(named) == 0 {
		t.Error("the page names no test")
	}
	for _, name := range named {
		if !known[name] {
			t.Errorf("there is no test %s", name)
		}
	}
}

func TestNothingThatIsShownServesWithoutATimeForHeaders(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "node_modules" || name == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".md") && !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if call := "http.Listen" + "AndServe("; err == nil && strings.Contains(string(text), call) {
			t.Errorf("%s calls %s...), which waits for a header for ever", path, call)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
