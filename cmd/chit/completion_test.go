package main_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// completed are the words that bash offers for the last one of a line.
func completed(t testing.TB, h home, line ...string) []string {
	t.Helper()
	quoted := "'" + strings.Join(line, "' '") + "'"
	script := h.ok(t, "completion", "bash") + "COMP_WORDS=(" + quoted + "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _chit_completion; echo ${COMPREPLY[@]}"
	c := exec.Command("bash", "--norc", "-c", script)
	c.Env = h.command().Env
	out, err := c.Output()
	if err != nil {
		t.Fatalf("bash completes %q: %v", line, err)
	}
	return strings.Fields(string(out))
}

func TestBashCompletesCommandsAndFlags(t *testing.T) {
	h := newHome(t)
	for _, test := range []struct {
		line []string
		want string
	}{
		{[]string{chit, ""}, "pay-url"},
		{[]string{chit, "wal"}, "wallet"},
		{[]string{chit, "wallet", ""}, "import"},
		{[]string{chit, "deposit", "--"}, "--server"},
		{[]string{chit, "deposit", "--js"}, "--json"},
		{[]string{chit, "deposit", "5", "--js"}, "--json"},
		{[]string{chit, "recover", "--f"}, "--from-block"},
		{[]string{chit, "--home", h.dir, "credit", "gr"}, "grant"},
		{[]string{chit, "credit", "grant", "--bu"}, "--budget"},
	} {
		got := completed(t, h, test.line...)
		last := test.line[len(test.line)-1]
		wrong := func(word string) bool { return !strings.HasPrefix(word, last) }
		if !slices.Contains(got, test.want) || slices.ContainsFunc(got, wrong) {
			t.Errorf("%q is completed by %q", test.line[1:], got)
		}
	}
}

func TestWhereAFileIsWantedNothingElseIsOffered(t *testing.T) {
	h := newHome(t)
	if got := completed(t, h, chit, "wallet", "import", ""); len(got) > 0 {
		t.Errorf("in place of a file there is %q", got)
	}
}

// The scripts of the other shells ask in the same way; these are their own words for it.
func TestEveryShellAsksTheProgramWhatComesNext(t *testing.T) {
	h := newHome(t)
	for shell, holds := range map[string]string{"bash": "complete -o", "zsh": "compdef _chit chit", "fish": "complete -c chit"} {
		if out := h.ok(t, "completion", shell); !strings.Contains(out, holds) || !strings.Contains(out, "--generate-bash-completion") {
			t.Errorf("the script for %s is\n%s", shell, out)
		}
	}
	command := h.command("wallet", "--generate-bash-completion")
	command.Env = append(command.Env, "0=zsh")
	if out := finish(t, command).stdout; !strings.Contains(out, "import:keep a private key") {
		t.Errorf("for shells that show what a command does there is\n%s", out)
	}
	if bad := h.run(t, "completion", "tcsh"); bad.code != 2 {
		t.Errorf("tcsh: %+v", bad)
	}
}
