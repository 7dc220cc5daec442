package failures_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chitpay/chit/internal/failures"
)

func TestFewOfManyErrorsAreToldAndTheRestIsCounted(t *testing.T) {
	var list failures.List
	list.Add(nil)
	if err := list.Err(); err != nil {
		t.Fatalf("no error is %v", err)
	}
	first := errors.New("the first")
	list.Add(first)
	for i := range 24 {
		list.Add(fmt.Errorf("number %d", i))
	}
	err := list.Err()
	if !errors.Is(err, first) {
		t.Errorf("the first error is not in %v", err)
	}
	if text := err.Error(); strings.Count(text, "\n") != 10 || !strings.HasSuffix(text, "and 15 more") {
		t.Errorf("25 errors are told as:\n%s", text)
	}
}
