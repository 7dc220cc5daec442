package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// completionFlag asks for what can stand next on the command line. It comes last.
const completionFlag = "--generate-bash-completion"

const bashCompletion = `_chit_completion() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  local line=("${COMP_WORDS[@]:0:COMP_CWORD}")
  case $cur in
    --) line+=(-) ;; # two alone would end the flags
    -*) line+=("$cur") ;;
  esac
  COMPREPLY=($(compgen -W "$(SHELL=bash "${line[@]}" ` + completionFlag + ` 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _chit_completion chit
`

const zshCompletion = `#compdef chit
_chit() {
  local -a line opts
  line=("${(@)words[1,CURRENT-1]}")
  case ${words[CURRENT]} in
    --) line+=(-) ;; # two alone would end the flags
    -*) line+=("${words[CURRENT]}") ;;
  esac
  opts=("${(@f)$(SHELL=zsh "${line[@]}" ` + completionFlag + ` 2>/dev/null)}")
  if [[ -n ${opts[1]} ]]; then _describe 'chit' opts; else _files; fi
}
compdef _chit chit
`

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes chit's commands and flags",
		ArgsUsage: "bash|zsh|fish",
		Description: "bash: add `source <(chit completion bash)` to ~/.bashrc\n" +
			"zsh:  add `source <(chit completion zsh)` to ~/.zshrc\n" +
			"fish: chit completion fish >~/.config/fish/completions/chit.fish",
		Action: completion,
	}
}

func completion(c *cli.Context) (err error) {
	if err := wantArgs(c, 1, 1); err != nil {
		return err
	}
	var script string
	switch shell := c.Args().First(); shell {
	case "bash":
		script = bashCompletion
	case "zsh":
		script = zshCompletion
	case "fish":
		if script, err = c.App.ToFishCompletion(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: no completion for %q; there are bash, zsh and fish", errUsage, shell)
	}
	_, err = fmt.Fprint(c.App.Writer, script)
	return err
}
