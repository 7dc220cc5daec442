package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAQuestionEndsWithItsContext(t *testing.T) {
	nobody, stays := io.Pipe()
	defer func() { _ = stays.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if yes, err := AskOf(ctx, nobody, "Go ahead?"); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("the answer is %v, %v", yes, err)
	}
	for text, want := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, "yesterday\n": false} {
		if yes, err := AskOf(t.Context(), strings.NewReader(text), "Go ahead?"); yes != want || err != nil {
			t.Errorf("%q is %v, %v", text, yes, err)
		}
	}
}
