package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags that stand behind positional arguments in front of
// them, because the flag parser stops at the first positional one: without this,
// `chit deposit 20 --json` would quietly ignore --json. Flags of chit itself may
// stand anywhere, too. What follows "--" stays.
func flagsFirst(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	var words sortedWords
	flags, commands := app.Flags, app.Commands
	rest := args[1:]
	for len(rest) > 0 && rest[0] != "--" {
		n := flagWords(append(flags, app.Flags...), rest)
		command := commandNamed(commands, rest[0])
		switch {
		case n > 0 && isFlagOf(app.Flags, rest[0]):
			words.global = append(words.global, rest[:n]...)
		case n > 0:
			words.flags = append(words.flags, rest[:n]...)
		case command != nil && len(words.positional) == 0:
			words.commands = append(append(words.commands, words.flags...), rest[0])
			words.flags, n = nil, 1
			flags, commands = command.Flags, command.Subcommands
		default:
			words.positional, n = append(words.positional, rest[0]), 1
		}
		rest = rest[n:]
	}
	return append(append(args[:1:1], words.inOrder()...), rest...)
}

// sortedWords are the words of a command line by their kind.
type sortedWords struct{ global, commands, flags, positional []string }

func (w sortedWords) inOrder() []string {
	all := append([]string{}, w.global...)
	all = append(all, w.commands...)
	all = append(all, w.flags...)
	return append(all, w.positional...)
}

// flagWords says how many words of args the flag at their front takes: 0 if there
// is none, 2 if its value is a word of its own.
func flagWords(flags []cli.Flag, args []string) int {
	word := args[0]
	if len(word) < 2 || word[0] != '-' {
		return 0
	}
	flag := flagNamed(flags, word)
	doc, ok := flag.(cli.DocGenerationFlag)
	if strings.Contains(word, "=") || len(args) == 1 || !ok || !doc.TakesValue() {
		return 1
	}
	return 2
}

func isFlagOf(flags []cli.Flag, word string) bool { return flagNamed(flags, word) != nil }

func flagNamed(flags []cli.Flag, word string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, f := range flags {
		for _, n := range f.Names() {
			if n == name {
				return f
			}
		}
	}
	return nil
}

func commandNamed(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}
