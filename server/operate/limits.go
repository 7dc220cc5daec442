package operate

import (
	"context"
	"fmt"
	"slices"

	"github.com/chitpay/chit/server/limits"
)

// Limits lists which limits were met since the running server was started, those first
// that were met most often; with all those that were not met, too. The error wraps
// [ErrNoServer] where none runs.
func (p Place) Limits(ctx context.Context, all bool) ([]limits.View, error) {
	client, err := p.running()
	if err != nil {
		return nil, fmt.Errorf("%w; it counts only while it runs", err)
	}
	met, err := client.Limits(ctx)
	if err == nil && !all {
		met = slices.DeleteFunc(met, func(l limits.View) bool { return l.Met == 0 })
	}
	return met, err
}
