package config_test

import (
	"os"
	"strings"
	"testing"
)

func TestTheConfigOfTheFacilitatorsPageIsTaken(t *testing.T) {
	page, err := os.ReadFile("../../../docs/FACILITATOR.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```yaml\n")
	shown, _, _ := strings.Cut(after, "```")
	c, _, err := load(t, shown)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Chains) != 1 || c.Chains[0].ChainID != 31337 || len(c.Chains[0].Keys) != 2 || len(c.Keys) != 1 || c.Keys[0].GasPerDay != 20_000_000 {
		t.Errorf("it says %+v", c)
	}
}
