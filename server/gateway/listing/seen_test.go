package listing

import (
	"fmt"
	"testing"
	"time"
)

func TestNamesThatWentAwayAreForgotten(t *testing.T) {
	var s seen
	now := time.Unix(1_800_000_000, 0)
	for round := range 6 {
		shown := make(map[string]origin)
		for i := range 1000 {
			name := fmt.Sprintf("tool_%d_%d", round, i)
			shown[name] = origin{name: name}
		}
		s.show(shown, now, 1500)
		now = now.Add(time.Second)
	}
	if got := len(s.origins()); got != 2500 {
		t.Errorf("%d names are kept, want those that are shown and the latest 1,500", got)
	}
	if _, kept := s.origins()["tool_4_7"]; !kept {
		t.Error("a name that has just gone is forgotten")
	}
	s.show(s.shown, now.Add(goneTime), 1500)
	if got := len(s.origins()); got != 1000 {
		t.Errorf("%d names are kept after a while, want those that are shown", got)
	}
}
