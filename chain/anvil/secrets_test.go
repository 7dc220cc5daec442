package anvil_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/chain/anvil"
)

func TestALocalChainSeesNoneOfThisProgramsSecrets(t *testing.T) {
	folder := t.TempDir()
	program, seen := filepath.Join(folder, "anvil"), filepath.Join(folder, "seen")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nenv > "+seen+"\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(anvil.Variable, program)
	t.Setenv("ANVIL_TEST_KEEPS", "this")
	for _, name := range []string{"CHIT_PASSPHRASE", "CHIT_CREDIT", "CHIT_KEY"} {
		t.Setenv(name, "a secret")
	}
	if _, err := anvil.Start(t.Context(), anvil.Options{}); err == nil {
		t.Fatal("a program that ends is taken for a chain")
	}
	environment, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(environment); strings.Contains(text, "a secret") || !strings.Contains(text, "ANVIL_TEST_KEEPS=this") {
		t.Errorf("it sees\n%s", text)
	}
}
